// What is known of one target: target_state.py, memory.py, identity.py and confidence.py of pytracking/tracker/dimp.

import { clamp, round } from "./crop.js";
import { Distractors } from "./distractors.js";

// The training samples, [size, 1, C, H, W] in one array, of which the first `count` are in use.
export class Memory {
  constructor(samples, boxes, params) {
    if (samples.length >= params.size) throw new Error(`${samples.length} first samples for a memory of ${params.size}`);
    this.length = samples[0].length;
    this.samples = new Float32Array(params.size * this.length);
    samples.forEach((sample, i) => this.samples.set(sample, i * this.length));
    this.boxes = new Float32Array(params.size * 4);
    boxes.forEach((box, i) => this.boxes.set(box, i * 4));
    this.weights = new Float64Array(params.size).fill(1 / boxes.length, 0, boxes.length);
    Object.assign(this, { numInit: boxes.length, numAdded: 0 });
  }

  get count() {
    return Math.min(this.numInit + this.numAdded, this.weights.length);
  }

  // The samples, boxes and weights in use.
  get used() {
    const { count, samples, boxes, weights, length } = this;
    return [samples.subarray(0, count * length), boxes.subarray(0, count * 4), Float32Array.from(weights.subarray(0, count))];
  }

  add(sample, box, learningRate, params) {
    const floor = params.init_samples_minimum_weight;
    const kept = floor ? this.numInit : 0;
    const indexOf = (number) => kept + ((this.numInit - kept + number) % (this.weights.length - kept));
    const index = indexOf(this.numAdded);
    const before = this.numAdded ? this.weights[indexOf(this.numAdded - 1)] : learningRate;
    this.weights[index] = before / (1 - learningRate);
    const total = sum(this.weights);
    this.weights.forEach((weight, i) => (this.weights[i] = weight / total));
    this.samples.set(sample, index * this.length);
    this.boxes.set(box, index * 4);
    this.numAdded++;
    if (sum(this.weights.subarray(0, this.numInit)) < floor) {
      this.weights.fill(floor / this.numInit, 0, this.numInit);
      const later = this.weights.subarray(this.numInit);
      const factor = (1 - floor) / sum(later);
      later.forEach((weight, i) => (later[i] = weight * factor));
    }
  }
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

// The highest score in the 3 x 3 cells around a position.
export function localMaxScore({ values, size }, displacement) {
  const [column, row] = displacement.map((cells) => clamp(round(cells + (size - 1) / 2), 0, size - 1));
  let highest = -Infinity;
  for (let i = Math.max(row - 1, 0); i <= Math.min(row + 1, size - 1); i++) {
    for (let j = Math.max(column - 1, 0); j <= Math.min(column + 1, size - 1); j++) {
      highest = Math.max(highest, values[i * size + j]);
    }
  }
  return clamp(highest, 0, 1);
}

export function verifyState(state, identityScore, params) {
  if (state === "lost" || identityScore < params.not_found_threshold) return "lost";
  return identityScore < params.uncertain_threshold ? "uncertain" : state;
}

// After a loss, the found object is tracked for some frames without being learned.
export function reacquisitionAfter({ lost, remaining }, isLost, params) {
  if (!isLost) return { lost: 0, remaining: Math.max(remaining - 1, 0) };
  return { lost: lost + 1, remaining: lost + 1 >= params.probation_after ? params.probation_frames : remaining };
}

// The running mean of the log-odds that the box is on the target.
export function logOdds(calibration, { peak, recognition, energy }, before) {
  const agreement = Math.sqrt(peak * recognition);
  const odds = calibration.agreement * agreement + calibration.energy * energy + calibration.bias;
  return Number.isNaN(before) ? odds : before + calibration.rate * (odds - before);
}

// Probability and state that are said of a frame.
export function said(calibration, odds, verdict) {
  const probability = (1 + Math.tanh(odds / 2)) / 2;
  if (probability < calibration.lost_below) return [probability, "lost"];
  const sure = verdict === "tracking" && probability >= calibration.uncertain_below;
  return [probability, sure ? "tracking" : "uncertain"];
}

// Boxes are [x, y, w, h] in picture pixels.
export class TargetState {
  constructor(box, frameSize, learned) {
    Object.assign(this, { box, frameSize, firstSize: box.slice(2), motion: [0, 0], ...learned });
    this.firstFilter = this.filter;
    this.distractors = new Distractors();
    this.reacquisition = { lost: 0, remaining: 0 };
    this.identityScore = 1;
    this.logOdds = NaN;
    this.frameNumber = 0;
  }

  // Scale everything to pictures of another size.
  fitTo(frameSize) {
    const [before, now] = [this.frameSize, frameSize];
    if (before[0] === now[0] && before[1] === now[1]) return;
    let factors = [now[0] / before[0], now[1] / before[1]];
    const same = Math.abs(now[0] - factors[1] * before[0]) <= 1 || Math.abs(now[1] - factors[0] * before[1]) <= 1;
    if (!same) factors = [1, 1];
    const scaled = (values) => values.map((value, i) => value * factors[i % 2]);
    this.box = scaled(this.box);
    this.firstSize = scaled(this.firstSize);
    this.motion = scaled(this.motion);
    this.distractors = this.distractors.scaled(factors);
    this.frameSize = now;
  }
}
