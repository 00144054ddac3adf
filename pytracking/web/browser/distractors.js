// The target's distractors, matched over frames: pytracking/tracker/dimp/distractors.py.
//
// Each is {id, place, motion, score, age, unseen}; those of the last frame come first.

const REACH = 1; // largest distance from the expected place, in target sizes
const MOTION_RATE = 0.3;
const MOTION_DECAY = 0.9;
const REMEMBERED = 30;
const MOST = 8;

export class Distractors {
  constructor(all = [], count = 0) {
    Object.assign(this, { all, count });
  }

  get shown() {
    return this.all.filter(({ unseen }) => unseen === 0);
  }

  // After a frame with other `peaks`, [{place, score}] in image pixels; size: of the target.
  after(peaks, size) {
    if (!this.all.length && !peaks.length) return this;
    const found = match(this.all, peaks, size);
    const seen = this.all.flatMap((each, i) => (found[i] < 0 ? [] : [moved(each, peaks[found[i]])]));
    const fresh = peaks
      .filter((_, i) => !found.includes(i))
      .map(({ place, score }, i) => ({ id: this.count + 1 + i, place, motion: [0, 0], score, age: 1, unseen: 0 }));
    const missed = this.all
      .filter((_, i) => found[i] < 0)
      .map((each) => ({ ...each, unseen: each.unseen + 1 }))
      .filter(({ unseen, age }) => unseen <= Math.min(REMEMBERED, 2 * age))
      .slice(0, Math.max(0, MOST - seen.length - fresh.length));
    return new Distractors([...seen, ...fresh, ...missed], this.count + fresh.length);
  }

  scaled(factors) {
    const all = this.all.map((each) => ({
      ...each,
      place: each.place.map((at, axis) => at * factors[axis]),
      motion: each.motion.map((by, axis) => by * factors[axis]),
    }));
    return new Distractors(all, this.count);
  }
}

function moved(each, { place, score }) {
  const rate = Math.max(MOTION_RATE, 1 / Math.max(each.age, 1));
  const motion = each.motion.map((by, axis) => by + rate * ((place[axis] - each.place[axis]) / (1 + each.unseen) - by));
  return { ...each, place, motion, score, age: each.age + 1, unseen: 0 };
}

// The peak that each distractor is, -1 if none: of all ways to match them, the one with the least sum of squares.
function match(all, peaks, size) {
  const costs = all.map(({ place, motion, unseen }) => {
    const steps = (MOTION_DECAY * (1 - MOTION_DECAY ** (1 + unseen))) / (1 - MOTION_DECAY);
    const expected = place.map((at, axis) => at + steps * motion[axis]);
    return peaks.map((peak) => expected.reduce((sum, at, axis) => sum + (at - peak.place[axis]) ** 2, 0) / size ** 2);
  });
  const known = new Map();
  const cheapest = (row, taken) => {
    if (row === costs.length) return [0, []];
    const key = `${row},${taken}`;
    if (known.has(key)) return known.get(key);
    const [rest, chosen] = cheapest(row + 1, taken);
    let best = [rest + REACH ** 2, [-1, ...chosen]];
    costs[row].forEach((cost, peak) => {
      if (cost >= REACH ** 2 || (taken >> peak) & 1) return;
      const [after, others] = cheapest(row + 1, taken | (1 << peak));
      if (after + cost < best[0]) best = [after + cost, [peak, ...others]];
    });
    known.set(key, best);
    return best;
  };
  return cheapest(0, 0)[1];
}
