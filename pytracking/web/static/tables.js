// Tables of the boxes, as run_video writes them, with the names of targets.

const COLUMNS = "frame,id,x,y,w,h,score,state,time,x_std,y_std,w_std,h_std,name";

const short = (value) => value.toFixed(4);
const round = (value) => Math.round(value * 1e4) / 1e4;

function* frames(tracks) {
  for (const frame of tracks.frames) {
    const { time, targets } = tracks.byFrame.get(frame);
    const kept = [...targets.values()].filter(({ id }) => !tracks.removed.has(id)).sort((a, b) => a.id - b.id);
    if (kept.length) yield { frame, time, targets: kept };
  }
}

export function csv(tracks) {
  const rows = [COLUMNS];
  for (const { frame, time, targets } of frames(tracks)) {
    for (const { id, box, score, state, box_std: std } of targets) {
      const shown = time === null ? "" : short(time);
      const spread = std ? std.map(short) : ["", "", "", ""];
      rows.push([frame, id, ...box.map(short), short(score), state, shown, ...spread, quoted(tracks.name(id))].join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

function quoted(text) {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// about: what the object tells besides the frames.
export function json(tracks, about) {
  const lines = [];
  for (const { frame, time, targets } of frames(tracks)) {
    const found = targets.map(({ id, box, score, state, box_std: std }) => ({
      id, name: tracks.name(id), box: box.map(round), score: round(score), state, box_std: std && std.map(round),
    }));
    lines.push(JSON.stringify({ frame, time: time === null ? null : round(time), targets: found }));
  }
  return `${JSON.stringify({ ...about, frames: [] }).slice(0, -2)}\n${lines.join(",\n")}\n]}\n`;
}
