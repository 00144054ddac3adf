// What the page says: notices, with an offer to undo, and what a screen reader announces.

const SHOWN_MS = 8000;

export class Notices {
  constructor(element, announcer) {
    this.element = element;
    this.announcer = announcer;
    [this.text, this.offer, this.close] = element.children;
    this.close.addEventListener("click", () => this.hide());
    this.offer.addEventListener("click", () => {
      this.hide();
      this.action();
    });
  }

  // offer: the label of a button, action: what it does.
  show(text, offer = "", action = null) {
    this.text.textContent = text;
    this.offer.textContent = offer;
    this.offer.hidden = !offer;
    this.action = action;
    this.element.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.element.matches(":hover, :focus-within") || this.hide(), SHOWN_MS);
  }

  hide() {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (hadFocus) document.getElementById("overlay").focus({ preventScroll: true });
  }

  announce(text) {
    this.announcer.textContent = text;
  }
}
