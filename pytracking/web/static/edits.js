// What a person changes of targets, all of which can be undone: removing and renaming them, and adding one.

export class Edits {
  // page: {firstId(), followed(), notify(text, offer, action), quiet(), refresh(without): shows the targets, except those ids}
  constructor(tracks, link, undo, page) {
    Object.assign(this, { tracks, link, undo, page });
  }

  added(id) {
    this.undo.push(`target ${id}`, () => this.takeOut([id]));
  }

  remove(id) {
    this.removeAll([id], `${this.tracks.name(id) || `Target ${id}`} and its boxes are removed.`);
  }

  reset() {
    const ids = this.page.followed();
    const text = ids.length === 1 ? "The target and its boxes are" : `${ids.length} targets and their boxes are`;
    if (ids.length) this.removeAll(ids, `${text} removed.`);
  }

  removeAll(ids, text) {
    this.takeOut(ids);
    this.undo.push("removal", () => this.putBack(ids));
    this.page.notify(text, "Undo", () => this.undo.undo());
  }

  takeOut(ids) {
    for (const id of ids) {
      this.tracks.removed.add(id);
      this.link.send("remove", { id: id - this.page.firstId() });
    }
    this.page.refresh(ids);
  }

  putBack(ids) {
    for (const id of ids) {
      this.tracks.removed.delete(id);
      this.link.send("restore", { id: id - this.page.firstId() });
    }
    this.page.quiet();
    this.page.refresh([]);
  }

  rename(id, name) {
    const before = this.tracks.name(id);
    if (name === before) return;
    const set = (value) => {
      this.tracks.names.set(id, value);
      this.page.refresh([]);
    };
    set(name);
    this.undo.push("renaming", () => set(before));
  }
}
