// From a score map to a displacement and a state: pytracking/tracker/dimp/localization.py.
//
// Score maps are {values: Float32Array, size}; places are [x, y] from the map's center in cells.

import { clamp } from "./crop.js";

const MAX_PEAKS = 5;

export const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);

export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

const lowest = (items, key) => items.reduce((best, item) => (key(item) < key(best) ? item : best));

function subcellArgmax({ values, size }, index) {
  const [row, column] = [Math.floor(index / size), index % size];
  const along = (at, step) =>
    at + (at > 0 && at < size - 1 ? vertex(values[index - step], values[index], values[index + step]) : 0);
  return [along(row, size), along(column, 1)];
}

// Position of the maximum of a parabola through three values at -1, 0, 1.
function vertex(before, top, after) {
  const curvature = before - 2 * top + after;
  return curvature < 0 ? clamp((0.5 * (before - after)) / curvature, -0.5, 0.5) : 0;
}

// The peaks, highest first, each outside the neighborhoods of those before; `start`: index of the first one.
export function* peaks(scores, halfWidth, halfHeight, start) {
  const { size } = scores;
  const center = (size - 1) / 2;
  const rest = { values: Float32Array.from(scores.values), size };
  let highest = start ?? argmax(rest.values);
  while (rest.values[highest] !== -Infinity) {
    const [row, column] = subcellArgmax(scores, highest);
    yield { place: [column - center, row - center], score: rest.values[highest] };
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        if (Math.abs(i - row) <= halfHeight && Math.abs(j - column) <= halfWidth) rest.values[i * size + j] = -Infinity;
      }
    }
    highest = argmax(rest.values);
  }
}

// context: {lastPlace, placeKnown, lost, motion, distractors} from the previous frames.
export function localize(scores, targetSize, context, params) {
  const seen = findPeaks(scores, targetSize, context, params);
  const candidates = seen.filter((peak) => peak.score >= scoreThreshold(peak, context, params));
  if (!candidates.length) {
    const { place, score } = seen[0];
    return { displacement: place, score, state: "lost", hardNegative: false, distractors: [] };
  }
  const margin = params.swap_margin * Math.sqrt(targetSize[0] * targetSize[1]);
  const [target, choice] = choose(candidates, seen, margin, context, params);
  const distractors = seen.filter((peak) => peak !== target);
  const strong = Math.max(params.hard_negative_ratio * target.score, params.not_found_threshold);
  const hardNegative =
    choice === "distractor" || (choice === "unambiguous" && distractors.some((peak) => peak.score > strong));
  const sure = choice !== "ambiguous" && target.score >= params.uncertain_threshold;
  const state = sure ? "tracking" : "uncertain";
  return { displacement: target.place, score: target.score, state, hardNegative, distractors };
}

function findPeaks(scores, [width, height], context, params) {
  const reach = (params.displacement_scale * (scores.size - 1)) / 4;
  const half = params.neighborhood_scale / 2;
  const start = params.window ? argmax(scores.values.map((score, i) => score * hann(i, scores.size, context))) : undefined;
  const found = [];
  for (const { place, score } of peaks(scores, half * width, half * height, start)) {
    if (found.length && !(score > params.not_found_threshold)) break;
    const far = context.placeKnown && expectedDistance(place, context) > reach;
    found.push({ place, score, distance: distance(place, context.lastPlace), far });
    if (found.length === MAX_PEAKS) break;
  }
  return found;
}

// To the last place, or to that with constant motion, whichever is nearer.
function expectedDistance(place, { lastPlace, motion, lost }) {
  const moved = lastPlace.map((at, axis) => at + motion[axis] * (1 + lost));
  return Math.min(distance(place, lastPlace), distance(place, moved));
}

function hann(index, size, { lastPlace }) {
  return [index % size, Math.floor(index / size)].reduce((product, cell, axis) => {
    const part = (cell - (size - 1) / 2 - lastPlace[axis]) / (size + 1);
    return product * (0.5 + 0.5 * Math.cos(2 * Math.PI * clamp(part, -0.5, 0.5)));
  }, 1);
}

function scoreThreshold({ far }, { lost }, params) {
  return Math.max(
    params.not_found_threshold,
    lost ? params.found_again_threshold : -Infinity,
    far ? params.far_threshold : -Infinity,
  );
}

function choose(candidates, seen, margin, context, params) {
  const [first, ...others] = candidates;
  if (!context.placeKnown) return [first, "unambiguous"];
  const enough = Math.max(params.swap_ratio * first.score, params.uncertain_threshold);
  const its = context.distractors.filter(
    (distractor) => lowest(seen, (peak) => distance(peak.place, distractor)) === first,
  );
  const stayed = others.filter((other) => other.score >= enough && swapped(first, other, its, margin));
  if (stayed.length) return [lowest(stayed, (peak) => peak.distance), "distractor"];
  if (!others.length || others[0].score <= params.distractor_ratio * first.score) {
    return [first, first === seen[0] ? "unambiguous" : "ambiguous"];
  }
  if (first.far === others[0].far) return [first, "ambiguous"];
  return [first.far ? others[0] : first, "distractor"];
}

// Whether `first` is a distractor of the last frame and `other` the target, not vice versa.
function swapped(first, other, distractors, margin) {
  return (
    other.distance < first.distance &&
    distractors.some(
      (distractor) =>
        other.distance + distance(first.place, distractor) + margin < first.distance + distance(other.place, distractor),
    )
  );
}
