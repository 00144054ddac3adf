// The page of run_video --draw browser: boxes on one frame, sent once.

import { Selector } from "./selector.js";
import { Stage } from "./stage.js";

const find = (id) => document.getElementById(id);
const stage = new Stage(document.querySelector(".frame"), find("picture"), find("overlay"));
let open = false; // whether boxes may still be drawn

const selector = new Selector(stage, {
  begin: () => open,
  done: (box) => set([...stage.targets, { id: stage.targets.length, box, score: 1, state: "tracking" }]),
  cancel: () => {},
  short: () => {},
});

function set(targets) {
  stage.targets = targets;
  stage.draw();
  find("count").textContent = targets.length;
  find("back").disabled = find("begin").disabled = !open || targets.length === 0;
}

function say(text, state) {
  find("connection").textContent = text;
  find("connection").dataset.state = state;
}

async function load() {
  const frame = new Image();
  frame.src = "/picture";
  const [colours] = await Promise.all([fetch("/colours").then((answer) => answer.json()), frame.decode()]);
  stage.setColours(colours.targets, colours.lost);
  stage.show(frame, [frame.naturalWidth, frame.naturalHeight]);
  open = true;
  say("Ready", "open");
}

function takeBack() {
  if (open) set(stage.targets.slice(0, -1));
}

async function begin() {
  if (!open || stage.targets.length === 0) return;
  open = false;
  set(stage.targets);
  const body = JSON.stringify(stage.targets.map((target) => target.box));
  try {
    const answer = await fetch("/boxes", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if (!answer.ok) throw new Error(await answer.text());
    say("Tracking; its progress is in the terminal", "open");
    find("advice").textContent = "The video is being followed. This page can be closed.";
  } catch (error) {
    open = true;
    set(stage.targets);
    say(error.message, "closed");
  }
}

find("back").addEventListener("click", takeBack);
find("begin").addEventListener("click", begin);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey) return;
  if (selector.key(event)) event.preventDefault();
  else if (event.key.toLowerCase() === "n") selector.startKeyboard();
  else if (event.key.toLowerCase() === "d") takeBack();
  else if (event.key.toLowerCase() === "b") begin();
});

load().catch(() => say("The frame cannot be loaded: has the command ended?", "closed"));
