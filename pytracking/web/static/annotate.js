// The page of pytracking annotate: key frames that a person draws, and what tracking fills in between.

import { Frames } from "./frames.js";
import { Notices } from "./notices.js";
import { Player } from "./player.js";
import { Project } from "./project.js";
import { Selector } from "./selector.js";
import { Shortcuts } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { TargetList } from "./targets.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const KEYBOARD = matchMedia("(hover: hover)").matches; // a touch screen has no arrow keys

let selected = null; // id of the target whose boxes are drawn; null: what is drawn is a new one
let drawn = null; // id of a new target that the server has taken, and not told of yet
let open = false; // whether the server answers
let videoId = null; // what is annotated
let frozen = false; // while a box is drawn

const notices = new Notices($("notice"), $("announcer"));
const notify = (text) => notices.show(text);
const stage = new Stage(document.querySelector(".frame"), $("picture"), $("overlay"));
const player = new Player(new Frames(), stage, { shown: show, failed: notify, playing: showPlaying });
const project = new Project({ changed: showState, status: showStatus, failed: notify });
const timeline = new Timeline($("timeline"), stage, project, { go: (frame) => player.go(frame), select });
const list = new TargetList($("targets"), $("target"), stage, project, {
  select,
  label: (target, label) => project.edit("relabel", { target, label }),
  remove: (target) => project.edit("remove", { target }).then(() => notices.show("The target is removed.", "Undo", undo)),
});
const selector = new Selector(stage, { begin: beginBox, done: finishBox, cancel: endBox, short: tap });

stage.label = ({ id, label, key }) => `${label} ${id}${key ? " ◆" : ""}`;

// ---- what is shown

// At each connection: the server may have been started again, with another video.
async function start() {
  const answer = await fetch("/video");
  const video = await answer.json();
  if (videoId !== null && videoId !== video.id) location.reload();
  if (videoId !== null) return;
  videoId = video.id;
  stage.setColours(video.colours, video.lost_colour);
  player.open(video);
  timeline.length = video.frames;
  $("seek").max = video.frames - 1;
  $("source").textContent = video.source;
  document.title = `pytracking: ${video.source}`;
  $("formats").replaceChildren(...Object.entries(video.formats).map(format));
  player.go(0);
}

function format([name, what]) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `/export/${name}`, download: "", textContent: name });
  const text = Object.assign(document.createElement("span"), { textContent: ` ${what}` });
  item.append(link, text);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    download(link.href);
  });
  return item;
}

// A link alone would save a refusal as a file.
async function download(url) {
  const answer = await fetch(url);
  if (!answer.ok) return notify(await answer.text());
  const name = /filename="([^"]*)"/.exec(answer.headers.get("Content-Disposition"))[1];
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function here() {
  return selected === null ? undefined : project.tracks.get(selected)?.boxes.get(player.frame);
}

function show() {
  const frame = Math.max(player.frame, 0);
  $("seek").value = frame;
  $("seek").setAttribute("aria-valuetext", `frame ${frame} of ${player.length - 1}`);
  $("place-in-video").textContent = `${frame} / ${player.length - 1}`;
  const targets = [];
  for (const { id, label, boxes } of project.tracks.values()) {
    const found = boxes.get(frame);
    if (found) targets.push({ ...found, id, label, selected: id === selected, state: found.doubt < 0.5 ? "tracking" : "uncertain" });
  }
  stage.targets = targets;
  stage.draw();
  list.update(frame, selected);
  timeline.show(frame, selected);
  showActions();
}

function showState({ busy, undo: canUndo, redo, saved, save_error: failed, message, path }) {
  if (videoId === null) return; // told again when that is known
  if (project.tracks.has(drawn)) [selected, drawn] = [drawn, null];
  if (!project.tracks.has(selected)) selected = null;
  $("count").textContent = project.tracks.size || "";
  document.body.classList.toggle("following", project.tracks.size > 0);
  $("saved").textContent = failed || (saved ? "Saved" : "Saving");
  $("path").textContent = path;
  $("saved").dataset.state = failed ? "failed" : "";
  $("busy").hidden = !busy;
  if (busy) {
    $("part").value = busy.done / busy.total;
    $("busy-text").textContent = `${busy.done} of ${busy.total} frames`;
  }
  $("undo").disabled = !canUndo;
  $("redo").disabled = !redo;
  $("labels").replaceChildren(...project.labels.map((label) => new Option(label)));
  if (message) notify(message);
  show();
}

function showActions() {
  const box = here();
  for (const id of ["follow", "follow-back"]) $(id).disabled = !open || !project.tracks.has(selected);
  $("hide").disabled = !open || !box;
  $("take-back").disabled = !open || !box?.key;
  $("save").disabled = !open || !project.tracks.size;
  $("new").disabled = !open;
  $("doubt").disabled = project.nextDoubt(player.frame) === undefined;
  $("hint").textContent = hint(box);
}

function hint(box) {
  if (selector.keyboard && selector.active) return "Arrows move it, with Shift they resize it, Enter takes it, Esc leaves it";
  if (frozen) return "";
  if (!project.tracks.size) return "Drag a box around the first target";
  if (!project.tracks.has(selected)) return "Click a target to select it, or drag a box around a new one";
  const { label } = project.tracks.get(selected);
  if (box?.key) return `Keyframe of ${label} ${selected}`;
  if (box?.doubt >= 0.5) return `${label} ${selected} is in doubt here: draw its box${KEYBOARD ? ", or press K if it is right" : ""}`;
  return box ? "" : `Drag a box around ${label} ${selected}, if it is to be seen here`;
}

function showStatus(connected) {
  if (connected) start().then(() => showConnection(true)).catch((error) => notify(error.message));
  else showConnection(false);
}

function showConnection(connected) {
  open = connected;
  document.body.dataset.connection = $("connection").dataset.state = connected ? "open" : "closed";
  $("connection").textContent = connected ? "Connected" : "The server has stopped";
  if (!connected) {
    player.stop();
    selector.cancel();
    for (const id of ["undo", "redo"]) $(id).disabled = true;
    $("busy").hidden = true;
    show();
  } else showState(project.state);
}

function showPlaying(playing) {
  $("play").textContent = playing ? "Pause" : "Play";
}

// ---- what the person does

function select(id) {
  selected = id;
  show();
}

function beginBox() {
  if (!open || player.frame < 0) return false;
  player.stop();
  frozen = true;
  return true;
}

function endBox() {
  frozen = false;
  show();
}

async function finishBox(box) {
  stage.pending = box;
  endBox();
  const target = await project.edit("draw", { target: selected, label: $("label").value, frame: player.frame, box });
  stage.pending = null;
  if (project.tracks.has(target)) select(target);
  else {
    drawn = target ?? null;
    show();
  }
}

// A tap selects the smallest target that it lies in.
function tap([x, y]) {
  const hit = stage.targets
    .filter(({ box: [left, top, w, h] }) => x >= left && x <= left + w && y >= top && y <= top + h)
    .sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3])[0];
  select(hit ? hit.id : null);
}

function newTarget() {
  selected = null;
  if (KEYBOARD) selector.startKeyboard();
  show();
}

function editBox() {
  if (selected !== null) selector.startKeyboard(here()?.box);
  show();
}

function confirmBox() {
  const box = here();
  if (box && !box.key) project.edit("draw", { target: selected, label: "", frame: player.frame, box: box.box });
}

function goToKey(direction) {
  const ids = selected === null ? [...project.tracks.keys()] : [selected];
  const keys = ids.flatMap((id) => project.keys(id)).sort((a, b) => direction * (a - b));
  const next = keys.find((key) => direction * (key - player.frame) > 0);
  if (next !== undefined) player.go(next);
}

function look() {
  const place = project.nextDoubt(player.frame);
  if (!place) return;
  selected = place.id;
  player.go(place.frame).then(show);
}

const onSelected = (type, fields = () => ({})) => () => {
  if (open && selected !== null) project.edit(type, { target: selected, ...fields() });
};
const atFrame = () => ({ frame: player.frame });
const undo = () => project.edit("undo");
const redo = () => project.edit("redo");
const hide = () => here() && onSelected("hide", atFrame)();
const takeBack = () => here()?.key && onSelected("takeback", atFrame)();
const follow = onSelected("follow", () => ({ back: false }));
const followBack = onSelected("follow", () => ({ back: true }));
const step = (by) => () => {
  player.stop();
  player.go((player.wanted ?? player.frame) + by);
};
const openExport = () => project.tracks.size && $("export").showModal();
const openHelp = () => $("help").showModal();

const BUTTONS = {
  play: () => player.toggle(), back: step(-1), forward: step(1), "key-back": () => goToKey(-1), "key-forward": () => goToKey(1),
  doubt: look, follow, "follow-back": followBack, hide, "take-back": takeBack, undo, redo, new: newTarget,
  save: openExport, stop: () => project.edit("stop"), "open-help": openHelp,
};
for (const [id, action] of Object.entries(BUTTONS)) $(id).addEventListener("click", action);
for (const close of document.querySelectorAll("dialog .close")) close.addEventListener("click", () => close.closest("dialog").close());
$("seek").addEventListener("input", () => player.go(Number($("seek").value)));

const KEYS = {
  " ": () => player.toggle(), ",": step(-1), ".": step(1), "[": () => goToKey(-1), "]": () => goToKey(1), l: look, f: follow,
  b: followBack, h: hide, x: takeBack, u: undo, y: redo, n: newTarget, e: editBox, k: confirmBox, s: openExport, "?": openHelp,
  escape: () => select(null),
};
const shortcuts = new Shortcuts(KEYS, () => true, $("single-keys"));
addEventListener("keydown", (event) => {
  if (selector.key(event) || shortcuts.press(event)) event.preventDefault();
});
