// The WebSocket: messages both ways, and a new connection where it breaks.

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const STOPPED = 1001; // the server was ended
const FINAL_CODES = [1008, 1011, 1013]; // refused, failed, full: asking again at once would not help

export class Link {
  // handlers: {status(state, text), picture(number, Blob), hello|video|added|result|ended|rendering|error(message)}
  constructor(handlers) {
    this.handlers = handlers;
    this.attempts = 0;
    this.stopped = false;
    this.connect();
  }

  connect() {
    if (!this.attempts) this.handlers.status("waiting", "Connecting");
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = (event) => this.closed(event);
  }

  receive(data) {
    if (typeof data !== "string") {
      this.handlers.picture(new DataView(data).getUint32(0), new Blob([data.slice(4)], { type: "image/jpeg" }));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "hello") {
      this.attempts = 0;
      this.stopped = false;
      this.handlers.status("open", "Connected");
    }
    this.handlers[message.type](message);
  }

  closed({ code, reason }) {
    const final = FINAL_CODES.includes(code);
    this.stopped = code === STOPPED || (this.stopped && !final); // until it answers again
    const lost = this.stopped ? "the server was stopped" : "connection lost, trying again";
    const why = final ? reason || "the server ended the connection" : lost;
    this.handlers.status("closed", why[0].toUpperCase() + why.slice(1));
    const wait = final ? 8000 : RETRY_MS[Math.min(this.attempts++, RETRY_MS.length - 1)];
    setTimeout(() => this.connect(), wait);
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  // Whether all that was sent has left: on a slow line, pictures must not queue up.
  get idle() {
    return this.open && this.socket.bufferedAmount === 0;
  }

  send(type, fields = {}) {
    if (this.open) this.socket.send(JSON.stringify({ type, ...fields }));
  }

  async sendPicture(number, jpeg) {
    const message = new Uint8Array(4 + jpeg.size);
    new DataView(message.buffer).setUint32(0, number);
    message.set(new Uint8Array(await jpeg.arrayBuffer()), 4);
    if (this.open) this.socket.send(message);
  }
}
