// Who has the focus after a press on a stage: the handle that is pressed, else the stage, never what catches the pointer.

const OWN = "button, input, select, textarea, a"; // these take it by themselves

/** `handleAt(at, device)` finds a handle, `focus(id)` focuses it. Gives a function that ends it. */
export function keepFocus(stage, handleAt, focus) {
  const pressed = (event) => {
    if (event.target.closest(OWN)) return;
    event.preventDefault();
    stage.dataset.pointed = ""; // no ring around what a pointer focuses: browsers draw one when a script does it
    const box = stage.getBoundingClientRect();
    const handle = handleAt({ x: event.clientX - box.left, y: event.clientY - box.top }, event.pointerType);
    if (!(handle && focus(handle.id))) stage.focus({ preventScroll: true });
  };
  const typed = () => delete stage.dataset.pointed;
  stage.addEventListener("pointerdown", pressed);
  stage.addEventListener("keydown", typed, true);
  return () => {
    stage.removeEventListener("pointerdown", pressed);
    stage.removeEventListener("keydown", typed, true);
  };
}
