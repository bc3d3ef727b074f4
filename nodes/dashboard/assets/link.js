// The live link to the server: updates in, calls out.
//
// The rule: what is shown is what came; when nothing comes, the page says so. Received updates are
// acknowledged, so that a tab that hangs is sent nothing and catches up with the newest.

const SILENCE = 2500; // ms without an update after which the link counts as lost
const GIVE_UP = 6000; // ms after which it is opened anew
const OVER_HTTP = 700; // ms without an answer after which a stop goes the other way, too

export class Link {
  constructor(onUpdate, onState) {
    this.onUpdate = onUpdate;
    this.onState = onState;
    this.state = 'connecting';
    this.token = readToken();
    this.waiting = new Map();
    this.id = 0;
    this.retry = 250;
    this.heard = performance.now();
    this.connect();
    setInterval(() => this.watch(), 500);
  }

  connect() {
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws');
    this.socket = socket;
    this.received = 0;
    this.acknowledged = 0;
    this.opened = performance.now();
    socket.onmessage = (event) => this.take(socket, JSON.parse(event.data));
    socket.onclose = () => this.closed(socket);
  }

  take(socket, update) {
    if (socket !== this.socket) return;
    this.heard = performance.now();
    if (update.k === 'answer') return this.answered(update);
    if (update.k === 'hello') {
      this.step = Math.max(1, Math.floor(update.window / 4));
      this.retry = 250;
      this.set('live');
    } else if (++this.received - this.acknowledged >= this.step) {
      this.acknowledged = this.received;
      socket.send(JSON.stringify({ ack: this.received }));
    }
    if (this.state === 'lost') this.set('live');
    this.onUpdate(update);
  }

  closed(socket) {
    if (socket !== this.socket) return;
    this.set('lost');
    for (const { resolve } of this.waiting.values()) resolve({ success: false, message: 'the link was lost' });
    this.waiting.clear();
    setTimeout(() => this.connect(), this.retry);
    this.retry = Math.min(this.retry * 1.7, 3000);
  }

  watch() {
    const silent = performance.now() - Math.max(this.heard, this.opened);
    if (silent > SILENCE && this.state === 'live') this.set('lost');
    if (silent > GIVE_UP && this.socket.readyState <= 1) {
      const old = this.socket;
      this.closed(old);
      old.close();
    }
  }

  set(state) {
    if (state !== this.state) {
      this.state = state;
      this.onState(state);
    }
  }

  // Asks for a service; how it ended.
  async call(name) {
    const asked = this.ask({ call: name });
    if (name !== 'stop') return asked;
    // A stop does not rely on one way alone.
    const late = new Promise((resolve) => setTimeout(resolve, OVER_HTTP, null));
    return (await Promise.race([asked, late])) ?? Promise.any([asked, this.post(name)]);
  }

  // Whether a token is the right one; if so it is kept for this tab.
  async unlock(token) {
    const answer = await this.ask({ unlock: true }, token);
    if (answer.success) keepToken(this.token = token);
    return answer;
  }

  lock() {
    keepToken(this.token = '');
  }

  ask(what, token = this.token) {
    if (this.socket.readyState !== WebSocket.OPEN) {
      return what.call ? this.post(what.call) : Promise.resolve({ success: false, message: 'no link' });
    }
    const id = ++this.id;
    this.socket.send(JSON.stringify({ id, token, ...what }));
    return new Promise((resolve) => {
      this.waiting.set(id, { resolve });
      setTimeout(() => this.answered({ id, success: false, message: 'no answer' }), 15000);
    });
  }

  answered({ id, success, message }) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    waiting?.resolve({ success, message });
  }

  async post(name) {
    try {
      const headers = { authorization: `Bearer ${this.token}` };
      const answer = await fetch(`/api/call/${name}`, { method: 'POST', headers });
      return await answer.json();
    } catch {
      return { success: false, message: 'the dashboard does not answer: use the emergency stop' };
    }
  }
}

// `#token=…` in the address unlocks the page; it does not stay in the address or in the history.
function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    history.replaceState(null, '', location.pathname);
    keepToken(given);
    return given;
  }
  try {
    return sessionStorage.getItem('token') ?? '';
  } catch {
    return '';
  }
}

function keepToken(token) {
  try {
    token ? sessionStorage.setItem('token', token) : sessionStorage.removeItem('token');
  } catch { /* A browser without storage asks again in the next tab. */ }
}
