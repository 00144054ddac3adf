// Single keys: a person can switch them off, since speech input and stray keys trigger them (WCAG 2.1.4).

const STORED = "single-keys";

export class Shortcuts {
  // keys: actions by key. active: whether they apply now. checkbox: switches them.
  constructor(keys, active, checkbox) {
    Object.assign(this, { keys, active, checkbox });
    checkbox.checked = stored() !== "off";
    this.show();
    checkbox.addEventListener("change", () => {
      try {
        localStorage.setItem(STORED, checkbox.checked ? "on" : "off");
      } catch {
        // a browser that keeps nothing: it holds for this page
      }
      this.show();
    });
  }

  show() {
    document.body.classList.toggle("without-keys", !this.checkbox.checked);
  }

  // Whether the key was one of ours.
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !",.".includes(event.key)) return false;
    if (!this.checkbox.checked || document.querySelector("dialog[open]")) return false;
    const { target, key } = event;
    if (target.closest("select, input:not([type=range])") || (key === " " && target.closest("button, summary"))) return false;
    const action = this.keys[key.toLowerCase()];
    if (!action || !this.active()) return false;
    action();
    return true;
  }
}

function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}
