// Files that come in: dropped on the page, pasted, or by an <input type="file">.

const TYPING = /^(INPUT|TEXTAREA)$/;

/** `place`: shows that something is held above it; `files(list)` and, for pasted text, `text(string)` take them. */
export function openIntake(place, input, { files, text }) {
  function dropped(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    place.toggleAttribute("data-dropping", event.type === "dragover");
    if (event.type === "drop") files([...event.dataTransfer.files]);
  }

  function pasted(event) {
    if (TYPING.test(event.target.tagName ?? "")) return;
    const given = [...(event.clipboardData?.files ?? [])];
    if (given.length) files(given);
    else text(event.clipboardData?.getData("text/plain") ?? "");
  }

  for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, dropped);
  document.addEventListener("paste", pasted);
  input.addEventListener("change", async () => {
    const given = [...input.files];
    input.value = ""; // the same file may be opened again
    await files(given);
  });
}
