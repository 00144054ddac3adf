// The page: where pictures come from, what is followed in them, and what the person does about it.

import { Camera } from "./camera.js";
import { Downloads } from "./downloads.js";
import { Edits } from "./edits.js";
import { Film } from "./film.js";
import { Link } from "./link.js";
import { Live } from "./live.js";
import { Meter } from "./meter.js";
import { Notices } from "./notices.js";
import { Panel } from "./panel.js";
import { Selector } from "./selector.js";
import { Shortcuts } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Tracks } from "./tracks.js";
import { Undo } from "./undo.js";
import { upload } from "./upload.js";

const TRAIL = 30; // frames
const GONE = "The connection broke. The boxes so far can be saved; open the video again to go on.";
const LEAVE = "The boxes so far are not saved. Leave them all the same?";
const DEMO = "demo.mp4";
const $ = (id) => document.getElementById(id);

let source = "none"; // camera or video
let hello = null; // what the server told of itself
let firstId = 0; // of the targets of this connection: boxes of those before are kept
let frozen = false; // while a box is drawn
let learning = false; // until the server has learned the box
let shown = null; // number of the picture on the stage; null: the camera, live
let goOn = false; // whether the video plays again after a box is drawn
let fileName = ""; // of the video that was sent last
let answering = Promise.resolve();

const notices = new Notices($("notice"), $("announcer"));
const notify = (text, ...offer) => notices.show(text, ...offer);
const stage = new Stage(document.querySelector(".frame"), $("picture"), $("overlay"));
const meter = new Meter($("meter"), $("pace"));
const tracks = new Tracks();
const undo = new Undo($("undo"));
const panel = new Panel($("targets"), $("target"), stage, tracks, {
  remove: (id) => edits.remove(id),
  rename: (id, name) => edits.rename(id, name),
  announce: (text) => notices.announce(text),
});
const camera = new Camera($("camera"), cameraFrame, () => leave("The camera was taken away."));
const selector = new Selector(stage, { begin: beginBox, done: finishBox, cancel: resume, short: tap });
const link = new Link({
  status: showConnection,
  hello: (message) => later(() => greet(message)),
  video: (message) => later(() => showFilm(message)),
  picture: (number, blob) => {
    const image = createImageBitmap(blob);
    later(() => source === "video" && film.pictures.set(number, image)); // else it is late: the camera has taken over
  },
  added: (message) => later(() => showAdded(message)),
  result: (message) => later(() => showResult(message)),
  ended: (message) => later(() => endFilm(message)),
  rendering: ({ part }) => downloads.progress(part),
  error: ({ message, frame }) => later(() => showError(message, frame)),
});
const edits = new Edits(tracks, link, undo, {
  firstId: () => firstId,
  followed,
  notify,
  quiet: () => notices.hide(),
  refresh: (without) => setTargets(stage.targets.filter(({ id }) => !without.includes(id))),
});
const live = new Live(camera, link, meter);
const transport = { play: $("play"), back: $("back"), forward: $("forward"), seek: $("seek"), place: $("place-in-video") };
const film = new Film(transport, link, showHint);
const downloads = new Downloads($, tracks, () => ({
  name: source === "video" ? film.name : "camera",
  video: source === "video" && film.ready,
  session: hello?.session,
  trail: $("trail").checked ? TRAIL : 0,
}));

stage.name = (id) => tracks.name(id) || `${id}`;
stage.trail = (id) => ($("trail").checked && shown !== null ? tracks.before(shown, id, TRAIL) : []);

// Messages are taken in their order, though pictures take time to decode.
function later(job) {
  answering = answering.then(job).catch((error) => notify(`The page failed: ${error.message}`));
}

function greet(message) {
  hello = message;
  stage.setColours(message.colours, message.lost_colour);
  $("file").accept = "video/*,.mkv,.avi";
  live.clear();
  setLearning(false);
  setTargets([]);
  if (film.gone) notify(GONE);
}

// The server has forgotten the targets; the boxes so far are kept.
function disconnected() {
  selector.cancel();
  live.clear();
  undo.clear();
  if (film.loaded) film.lose();
  setLearning(false);
  firstId = tracks.nextId;
  setTargets([]);
}

// ---- where pictures come from

function setSource(name) {
  selector.cancel();
  source = name;
  if (name !== "camera") camera.stop();
  film.close();
  document.body.dataset.source = name;
  $("use-camera").setAttribute("aria-pressed", name === "camera");
  $("open-video").setAttribute("aria-pressed", name === "video");
  $("cameras").hidden = name !== "camera" || $("cameras").length < 2;
  live.clear();
  tracks.clear();
  undo.clear();
  firstId = 0;
  shown = null;
  setLearning(false);
  setTargets([]);
  const focused = document.activeElement;
  if (focused === document.body || !focused.checkVisibility()) {
    (name === "none" ? $("start-camera") : stage.overlay).focus({ preventScroll: true });
  }
}

function mayLeave() {
  return !tracks.unsaved || confirm(LEAVE);
}

function leave(reason) {
  if (reason && tracks.unsaved) return notify(`${reason} The boxes so far can be saved.`);
  setSource("none");
  link.send("camera"); // which sends no pictures
  if (reason) notify(reason);
}

async function useCamera(deviceId) {
  if (!mayLeave()) return;
  try {
    await camera.start(deviceId);
    const devices = await camera.list();
    $("cameras").replaceChildren(...devices.map((device, i) => new Option(device.label || `Camera ${i}`, device.deviceId)));
    $("cameras").value = camera.deviceId;
    link.send("camera");
    setSource("camera");
  } catch (error) {
    notify(error.message);
  }
}

async function openVideo(file) {
  if (!file || !mayLeave()) return;
  if (!link.open) return notify("There is no connection to the server.");
  const status = $("upload");
  status.hidden = false;
  status.textContent = `Sending ${file.name}`;
  fileName = file.name;
  try {
    await upload(file, hello, (part) => (status.textContent = `Sending ${file.name}: ${Math.round(100 * part)} %`));
  } catch (error) {
    notify(error.message);
  }
  status.hidden = true;
}

function openDemo() {
  if (!mayLeave()) return;
  fileName = DEMO;
  link.send("demo");
}

function cameraFrame() {
  if (source !== "camera" || frozen || learning || !link.open) return; // without a server, nothing may look alive
  if (stage.targets.length) return live.offer();
  shown = null;
  stage.show(camera.video, camera.size);
}

// ---- what the server answers

async function showResult({ frame, targets: found, seconds }) {
  const targets = found.map((target) => ({ ...target, id: target.id + firstId }));
  const pictures = source === "video" ? film.pictures : live.pictures;
  const image = await pictures.get(frame);
  const size = source === "video" ? film.size : camera.size;
  tracks.add(frame, targets, source === "video" ? film.time(frame) : live.time(frame));
  if (source === "video") film.pictures.delete(frame);
  else live.settle(frame);
  if (image && !frozen) {
    stage.show(image, size);
    shown = frame;
  }
  setTargets(targets.filter(({ id }) => !tracks.removed.has(id)));
  if (image && targets.length) meter.stop(frame, size, source === "video" ? 1000 * seconds : undefined);
  if (image && source === "video") {
    link.send("seen", { frame });
    image.close();
    film.arrived(frame);
    showHint();
  }
  if (tracks.full) notify("So many boxes are kept; those of the first frames go. Save them now.");
}

function showAdded({ id }) {
  setLearning(false);
  film.suggestion = null;
  tracks.known.add(id + firstId);
  edits.added(id + firstId);
}

// Ids that this connection follows.
function followed() {
  return link.open ? tracks.ids.filter((id) => id >= firstId) : [];
}

function setTargets(targets) {
  const ids = followed();
  if (!frozen) {
    stage.targets = targets;
    stage.draw();
  }
  panel.update(ids, targets, shown);
  document.body.classList.toggle("following", ids.length > 0);
  $("count").textContent = ids.length || "";
  if (!targets.length) meter.clear();
  $("reset").disabled = !ids.length;
  $("save").disabled = tracks.empty;
  showHint();
}

function showError(message, frame) {
  if (frame !== null) live.settle(frame);
  setLearning(false);
  notify(message);
}

function setLearning(value) {
  learning = value;
  if (!value) stage.pending = film.suggestion ?? null;
  stage.draw();
  showHint();
}

function showFilm(message) {
  setSource("video");
  film.open(message, fileName);
  setLearning(false);
}

function endFilm({ frames, broken }) {
  film.end();
  if (broken) notify(`The video is damaged: it ends after ${frames} frames.`);
}

// ---- drawing a box

function beginBox() {
  if (source === "none" || !hello || learning || (source === "video" && shown === null)) return false;
  if (film.gone) return notify(GONE) ?? false;
  if (!link.open) return notify("There is no connection to the server.") ?? false;
  if (followed().length >= hello.max_targets) {
    return notify(`${hello.max_targets} targets is the limit; remove one first.`) ?? false;
  }
  frozen = true;
  goOn = film.playing;
  film.setPlaying(false);
  if (source === "camera" && shown === null) {
    const { number, canvas } = live.send();
    shown = number;
    stage.show(canvas, camera.size);
  }
  showHint();
  return true;
}

async function finishBox(box) {
  const frame = shown;
  setLearning(true);
  stage.pending = box;
  stage.draw();
  await live.sending;
  link.send("add", { frame, box });
  resume();
}

function resume() {
  frozen = false;
  if (goOn) film.setPlaying(true);
  goOn = false;
  showHint();
}

// A tap on the box that is offered takes it.
function tap([x, y]) {
  const [left, top, width, height] = film.suggestion ?? [0, 0, -1, -1];
  const inside = x >= left && x <= left + width && y >= top && y <= top + height;
  if (inside && beginBox()) finishBox(film.suggestion);
  else notify("Drag from one corner of the target to the other.");
}

// ---- what is said to the person

function showHint() {
  $("hint").textContent = hint();
}

function hint() {
  if (learning) return "Learning the target";
  if (selector.keyboard && selector.active) return "Arrows move it, with Shift they resize it, Enter follows it, Esc leaves it";
  if (frozen) return "";
  if (film.ended) return "The end of the video";
  if (film.suggestion) return "Tap the dashed box to follow what is in it, or drag a box around something else";
  if (!followed().length) return "Drag a box around what to follow";
  return film.loaded && !film.playing ? "Play the video, or draw another box" : "";
}

function showConnection(state, text) {
  const open = state === "open";
  $("connection").dataset.state = document.body.dataset.connection = state;
  $("connection").textContent = text;
  for (const id of ["start-camera", "start-video", "start-demo", "open-video", "new"]) $(id).disabled = !open;
  $("use-camera").disabled = !open && source !== "camera"; // which can be switched off without a server
  if (open) $("refusal").hidden = true;
  if (state !== "closed") return;
  $("refusal").textContent = text;
  $("cover-text").textContent = link?.stopped ? "The server was stopped" : "Connection lost";
  $("refusal").hidden = false;
  later(disconnected);
}

// ---- buttons, keys, dropped files

const act = (id, action) => $(id).addEventListener("click", action);
const chooseVideo = () => $("file").click();
const openDownloads = () => (tracks.empty ? notify("There are no boxes yet.") : downloads.open());
const openHelp = () => $("help").showModal();
const newTarget = () => {
  selector.startKeyboard(film.suggestion);
  showHint();
};
const toggleTrail = () => {
  $("trail").checked = !$("trail").checked;
  stage.draw();
};

act("use-camera", () => (source === "camera" ? mayLeave() && leave() : useCamera()));
act("start-camera", () => useCamera());
act("open-video", chooseVideo);
act("start-video", chooseVideo);
act("start-demo", openDemo);
act("new", newTarget);
act("reset", () => edits.reset());
act("save", openDownloads);
act("open-help", openHelp);
$("trail").addEventListener("change", () => stage.draw());
$("cameras").addEventListener("change", (event) => useCamera(event.target.value));
$("file").addEventListener("change", (event) => {
  openVideo(event.target.files[0]);
  event.target.value = "";
});
for (const close of document.querySelectorAll("dialog .close")) close.addEventListener("click", () => close.closest("dialog").close());

const KEYS = {
  n: newTarget, r: () => edits.reset(), s: openDownloads, u: () => undo.undo(), t: toggleTrail, "?": openHelp,
  " ": () => film.toggle(), ",": () => film.step(-1), ".": () => film.step(1),
};
const shortcuts = new Shortcuts(KEYS, () => source !== "none", $("single-keys"));
addEventListener("keydown", (event) => {
  if (selector.key(event) || shortcuts.press(event)) event.preventDefault();
  showHint();
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  openVideo(event.dataTransfer.files[0]);
});
addEventListener("beforeunload", (event) => tracks.unsaved && event.preventDefault());

$("place").textContent = location.host;
