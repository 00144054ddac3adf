// What can be undone, newest last.

const MOST = 100;

export class Undo {
  // button: undoes the newest step; it is disabled where there is none, and its title names the step.
  constructor(button) {
    this.button = button;
    button.addEventListener("click", () => this.undo());
    this.clear();
  }

  clear() {
    this.steps = [];
    this.show();
  }

  push(name, back) {
    this.steps.push({ name, back });
    if (this.steps.length > MOST) this.steps.shift();
    this.show();
  }

  undo() {
    this.steps.pop()?.back();
    this.show();
  }

  show() {
    const last = this.steps.at(-1);
    this.button.disabled = !last;
    this.button.title = last ? `Undo: ${last.name}` : "There is nothing to undo";
  }
}
