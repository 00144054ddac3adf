// The dialog in which the boxes are saved as tables and the video with the boxes drawn in.

import { csv, json } from "./tables.js";

export function save(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  follow(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function follow(url, name) {
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
}

export class Downloads {
  // find: an element by its id. about(): {name, video, session, trail, seconds} of the source.
  constructor(find, tracks, about) {
    Object.assign(this, { find, tracks, about });
    this.dialog = find("downloads");
    this.making = null; // the AbortController of a video that is being made
    find("save-csv").addEventListener("click", () => this.table("csv"));
    find("save-json").addEventListener("click", () => this.table("json"));
    find("save-video").addEventListener("click", () => this.video());
    find("cancel-video").addEventListener("click", () => this.making?.abort());
    this.dialog.addEventListener("close", () => this.making?.abort());
  }

  open() {
    const { video, name } = this.about();
    const boxes = this.tracks.boxes;
    this.find("save-what").textContent = `${boxes} ${boxes === 1 ? "box" : "boxes"} of ${this.tracks.ids.length} `
      + `${this.tracks.ids.length === 1 ? "target" : "targets"} in ${name}`;
    this.find("save-video").disabled = !video;
    this.find("video-note").textContent = video
      ? "The whole video with the boxes drawn in, and its sound."
      : "Only of a video that is open: pictures of a camera are not kept.";
    this.progress(null);
    this.dialog.showModal();
  }

  table(kind) {
    const { name } = this.about();
    const text = kind === "csv" ? csv(this.tracks) : json(this.tracks, { source: name });
    save(`${stem(name)}-boxes.${kind}`, text, kind === "csv" ? "text/csv" : "application/json");
    this.tracks.unsaved = false;
    this.find("save-state").textContent = `${stem(name)}-boxes.${kind} is saved.`;
  }

  async video() {
    const { name, session, trail } = this.about();
    this.making = new AbortController();
    this.progress(0);
    try {
      const body = JSON.stringify({ names: Object.fromEntries(this.tracks.names), trail });
      const answer = await fetch(`/annotated/${session}`, { method: "POST", body, signal: this.making.signal });
      if (!answer.ok) throw new Error(await answer.text());
      follow((await answer.json()).url, `${stem(name)}-annotated.mp4`);
      this.find("save-state").textContent = `${stem(name)}-annotated.mp4 is made.`;
    } catch (error) {
      const text = error.name === "AbortError" ? "The video was canceled." : `The video failed: ${error.message}`;
      this.find("save-state").textContent = text;
    }
    this.making = null;
    this.progress(null, false);
  }

  // part: of the video that is done; null: none is being made.
  progress(part, clear = true) {
    const idle = part === null || !this.making;
    if (idle && clear) this.find("save-state").textContent = "";
    this.find("making").hidden = idle;
    this.find("save-video").hidden = !idle;
    if (!idle) {
      this.find("made").value = part;
      this.find("made-text").textContent = `${Math.round(100 * part)} %`;
    }
  }
}

function stem(name) {
  return name.replace(/\.[^.]+$/, "") || "boxes";
}
