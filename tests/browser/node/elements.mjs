// As much of a document as the stage's own elements need: to count what is made, written and moved.

class Element {
  constructor(tag, ownerDocument) {
    Object.assign(this, { tag, ownerDocument, children: [], parent: null, attributes: {}, listeners: {}, writes: 0 });
    this.dataset = new Proxy(
      {},
      {
        set: (_, name, value) => (this.setAttribute(`data-${name}`, value), true),
        get: (_, name) => this.attributes[`data-${name}`],
      },
    );
  }

  get lastChild() {
    return this.children.at(-1);
  }

  setAttribute(name, value) {
    this.writes++;
    this.attributes[name] = String(value);
  }

  append(...elements) {
    for (const element of elements) this.insertBefore(element, null);
  }

  insertBefore(element, next) {
    element.remove();
    const at = next ? this.children.indexOf(next) : this.children.length;
    this.children.splice(at, 0, element);
    element.parent = this;
  }

  remove() {
    if (this.parent) this.parent.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
    if (this.ownerDocument.activeElement === this) this.ownerDocument.activeElement = null;
  }

  focus() {
    this.ownerDocument.activeElement = this;
  }

  closest(selector) {
    const name = selector.match(/^\[([\w-]+)\]$/)[1];
    return name in this.attributes ? this : (this.parent?.closest(selector) ?? null);
  }

  addEventListener(type, listener) {
    (this.listeners[type] ??= new Set()).add(listener);
  }

  removeEventListener(type, listener) {
    this.listeners[type]?.delete(listener);
  }
}

/** An svg in a document of its own. `made` counts the elements made so far. */
export function drawing() {
  const document = { activeElement: null, made: 0 };
  document.createElementNS = (_, tag) => (document.made++, new Element(tag, document));
  const svg = document.createElementNS("", "svg");

  /** Gives an event to the focused element as if it bubbled up; whether somebody took it. */
  const key = (name, more = {}, type = "keydown") => {
    let taken = false;
    const event = { key: name, target: document.activeElement, preventDefault: () => (taken = true), ...more };
    event.stopPropagation = () => {};
    for (const listener of svg.listeners[type] ?? []) listener(event);
    return taken;
  };
  return { svg, document, key };
}
