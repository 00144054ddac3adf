// The logic of a frame: pytracking/tracker/dimp/dimp.py, without the search for a lost target in the whole picture.

import { augmentedCrops } from "./augmentation.js";
import { boxFromCrop, boxToCrop, clamp, sampleCrop, searchRegion } from "./crop.js";
import { localize } from "./localization.js";
import { Memory, TargetState, localMaxScore, logOdds, reacquisitionAfter, said, verifyState } from "./state.js";

export class DiMP {
  // settings: of the network's crops; params: of the tracker; calibration: of the score, or null.
  constructor(functions, { settings, params, calibration }) {
    Object.assign(this, { functions, settings, params, calibration });
  }

  // Learn the target in `box` of `frame` {data, width, height, channels}.
  async initialize(frame, box) {
    const { functions: f, params, settings } = this;
    const size = [frame.width, frame.height];
    const transform = searchRegion(box, size, settings);
    const { crops, boxes } = augmentedCrops(frame, box, transform, params.augmentation);
    const features = [];
    for (const crop of crops) features.push(await f.extractFeatures(crop));
    let modulation = await f.getIouModulation(features[0], boxes[0]);
    if (params.box_learning.num_iter) modulation = await f.finetuneModulation(modulation, features, boxes);
    const memory = new Memory(features.map(({ sample }) => sample), boxes, params.memory);
    const firstSize = box.slice(2).map((side) => side / transform.scale);
    const refined = await f.refineTargetBox(features[0], modulation, boxes[0], firstSize);
    const filter = await f.learnFilter(memory.used, params.memory.init_iter);
    return new TargetState(box, size, { modulation, memory, filter, firstEnergy: refined.energy });
  }

  // Find the target in the next frame: {box, score, state, box_std}.
  async track(state, frame) {
    const { functions: f, settings } = this;
    state.fitTo([frame.width, frame.height]);
    const transform = searchRegion(state.box, state.frameSize, settings);
    const features = await f.extractFeatures(sampleCrop(frame, transform));
    const [learned, first] = await f.classifyTarget([state.filter, state.firstFilter], features);
    const found = this.localizeTarget(state, learned, transform);
    const query = this.boxQuery(state, found, transform);
    const firstSize = state.firstSize.map((side) => side / transform.scale);
    const refined = await f.refineTargetBox(features, state.modulation, query, firstSize);
    const evidence = {
      peak: clamp(found.score, 0, 1),
      recognition: localMaxScore(first, found.displacement),
      energy: refined.energy - state.firstEnergy,
    };
    return this.update(state, transform, evidence, found, features, query, refined);
  }

  localizeTarget(state, scores, transform) {
    const cell = settingsCell(this.settings, transform);
    const inCells = (values) => values.map((value) => value / cell);
    const context = {
      lastPlace: this.lastPlace(state, transform),
      placeKnown: state.reacquisition.remaining === 0,
      lost: state.reacquisition.lost,
      motion: inCells(state.motion),
      distractors: state.distractors.shown.map(({ place }) => inCells(minus(place, transform.center))),
    };
    return localize(scores, inCells(state.box.slice(2)), context, this.params.localization);
  }

  // The target's last center from the crop's, in cells.
  lastPlace({ box: [x, y, w, h] }, transform) {
    const cell = settingsCell(this.settings, transform);
    return minus([x + w / 2, y + h / 2], transform.center).map((by) => by / cell);
  }

  // The last box, shifted to the localized position.
  boxQuery(state, found, transform) {
    const [x, y, w, h] = boxToCrop(state.box, transform);
    const [right, down] = minus(found.displacement, this.lastPlace(state, transform));
    return [x + right * this.settings.stride, y + down * this.settings.stride, w, h];
  }

  movesToRefined({ state }) {
    return state === "tracking" || (state === "uncertain" && this.params.refinement.when_uncertain);
  }

  // Update the box, the recognition by the first filter, and the classifier if the frame is sure.
  async update(state, transform, evidence, found, features, query, refined) {
    const thresholds = this.params.localization;
    state.frameNumber++;
    const probation = state.reacquisition.remaining > 0;
    const verdict = probation && found.state === "tracking" ? "uncertain" : found.state;
    state.reacquisition = reacquisitionAfter(state.reacquisition, found.state === "lost", thresholds);
    const cell = settingsCell(this.settings, transform);
    const peaks = found.distractors.map(({ place, score }) => ({
      place: place.map((at, axis) => at * cell + transform.center[axis]),
      score,
    }));
    state.distractors = state.distractors.after(peaks, Math.sqrt(state.box[2] * state.box[3]));
    if (found.state !== "lost") {
      state.identityScore += thresholds.recognition_rate * (evidence.recognition - state.identityScore);
      const boxCrop = this.movesToRefined(found) ? refined.box : query;
      const box = this.clipToFrame(boxFromCrop(boxCrop, transform), state.frameSize);
      state.motion = [0, 1].map((i) => box[i] - state.box[i] + (box[i + 2] - state.box[i + 2]) / 2);
      state.box = box;
    }
    if (verdict === "tracking") {
      await this.updateClassifier(state, features, boxToCrop(state.box, transform), found.hardNegative);
    }
    const [score, itsState] = this.confidence(state, evidence, verdict);
    const std = itsState === "tracking" ? refined.std.map((side) => side * transform.scale) : null;
    return { box: state.box, score, state: itsState, box_std: std };
  }

  confidence(state, evidence, verdict) {
    if (!this.calibration || Number.isNaN(evidence.energy)) {
      const score = Math.min(evidence.peak, state.identityScore);
      return [score, verifyState(verdict, state.identityScore, this.params.localization)];
    }
    state.logOdds = logOdds(this.calibration, evidence, state.logOdds);
    return said(this.calibration, state.logOdds, verdict);
  }

  // Limit the size of a box, and its distance from the frame.
  clipToFrame([x, y, w, h], frame) {
    const size = [w, h].map((side, axis) => Math.max(Math.min(side, frame[axis]), this.params.min_target_size));
    const reach = size.map((side) => (this.params.max_outside - 0.5) * side);
    const center = [x + w / 2, y + h / 2].map((at, i) => Math.max(Math.min(at, frame[i] + reach[i]), -reach[i]));
    return [center[0] - size[0] / 2, center[1] - size[1] / 2, ...size];
  }

  // Store the sample; update the filter every `train_skipping` frames, and at once after a distractor.
  async updateClassifier(state, features, boxCrop, hardNegative) {
    const params = this.params.memory;
    const rate = hardNegative ? params.hard_negative_learning_rate : params.learning_rate;
    state.memory.add(features.sample, boxCrop, rate, params);
    let steps = hardNegative ? params.hard_negative_iter : 0;
    if (state.frameNumber % params.train_skipping === 0) steps = params.update_iter;
    if (steps) state.filter = await this.functions.updateFilter(state.filter, state.memory.used, steps);
  }
}

const settingsCell = (settings, transform) => settings.stride * transform.scale;
const minus = ([x0, y0], [x1, y1]) => [x0 - x1, y0 - y1];
