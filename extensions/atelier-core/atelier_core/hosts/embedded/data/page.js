// What the pages of the webuis offer to scripts and this one must too: gradioApp, and a progress bar for a task.
(() => {
  "use strict";
  const EVERY = 400; // ms between two looks at the server
  const PATIENCE = 40_000; // ms without a sign of the task, after which nobody waits any longer

  window.gradioApp = () => document;

  const look = (task, seen) =>
    fetch("internal/progress", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id_task: task, id_live_preview: seen }),
    }).then((answer) => answer.json());

  function made(kind, parent, className) {
    const element = document.createElement(kind);
    element.className = className;
    parent.append(element);
    return element;
  }

  function barIn(place) {
    const box = made("div", place.parentElement, "atelier-progress");
    box.setAttribute("role", "progressbar");
    place.before(box);
    return { box, fill: made("div", box, "atelier-progress-fill"), text: made("span", box, "atelier-progress-text") };
  }

  function show(bar, state, started) {
    const share = state.active ? state.progress || 0 : 0;
    bar.fill.style.width = `${share * 100}%`;
    bar.box.setAttribute("aria-valuenow", Math.round(share * 100));
    const left = share > 0.02 ? ((Date.now() - started) / share) * (1 - share) : 0;
    const steps = state.active && state.total ? `${state.done} / ${state.total}` : "";
    const time = left > 1500 ? `${Math.ceil(left / 1000)} s` : "";
    bar.text.textContent = [state.textinfo || steps, time].filter(Boolean).join(" · ") || "…";
  }

  /** `gallery` may be null. `atEnd` is called once, when the task is done or lost. */
  window.requestProgress = (task, place, gallery, atEnd) => {
    const bar = barIn(place);
    let picture = null;
    let seen = -1;
    let heard = Date.now();
    let started = 0;

    const end = () => {
      bar.box.remove();
      picture?.remove();
      atEnd?.();
    };

    const turn = async () => {
      const state = await look(task, seen).catch(() => ({}));
      if (state.completed || Date.now() - heard > PATIENCE) return end();
      if (state.active || state.queued) heard = Date.now();
      if (state.active) started ||= Date.now();
      show(bar, state, started);
      if (state.live_preview && gallery) {
        picture ??= made("img", gallery, "atelier-live-preview");
        picture.alt = "";
        picture.src = state.live_preview;
        seen = state.id_live_preview;
      }
      setTimeout(turn, EVERY);
    };
    turn();
  };

  // Ctrl+Enter in a prompt draws, Escape stops: as in the webuis
  document.addEventListener("keydown", (event) => {
    const tab = ["txt2img", "img2img"].find((name) => document.getElementById(`tab_${name}`)?.contains(event.target));
    if (!tab) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.getElementById(`${tab}_generate`)?.click();
    }
    if (event.key === "Escape") document.getElementById(`${tab}_interrupt`)?.click();
  });
})();
