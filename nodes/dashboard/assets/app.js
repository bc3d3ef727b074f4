// The page: what comes from the link goes to the panels, what people press goes back.
//
// The rule: the first paint waits for nothing; the arm in 3D and the plots are loaded after it.

import { Link } from '/link.js';
import { Panels, toast, icon } from '/panels.js';

const $ = (id) => document.getElementById(id);
const panels = new Panels();
let hello = null;
let scene = null;
let plots = null;
let unlocked = false;
const newest = {};

const link = new Link(onUpdate, onLink);
// For tests, benchmarks and the curious.
window.armature = { newest, stats: { updates: 0, frames: 0, drawn: 0 }, link };

function onUpdate(update) {
  window.armature.stats.updates++;
  newest[update.k] = update;
  switch (update.k) {
    case 'hello': return greet(update);
    case 'frame':
      window.armature.stats.frames++;
      scene?.take(update);
      return panels.frame(update);
    case 'arm': panels.arm(update); return judge();
    case 'alarms': scene?.alarms(update.alarms); return panels.alarms(update.alarms);
    case 'nodes': return panels.nodes(update.nodes);
    case 'thermal': return panels.thermal(update);
    case 'events': return panels.events(update.is);
    case 'point': return plots?.add(update.is);
    case 'recordings': return panels.recordings(update.is);
    case 'cell': return panels.cell(update.is);
    case 'plan': scene?.plan(update); return panels.plan(update);
    case 'surroundings': return scene?.surroundings(update);
  }
}

function onLink(state) {
  document.body.dataset.link = state;
  $('link-word').textContent = state === 'live' ? 'live' : state === 'lost' ? 'link lost' : 'connecting';
  if (state === 'lost') panels.lost();
  if (state === 'live') plots?.load();
  scene?.live(state === 'live');
  judge();
}

async function greet(update) {
  const again = hello !== null;
  hello = update;
  document.title = update.namespace === '/' ? 'Armature' : `Armature ${update.namespace}`;
  $('namespace').textContent = update.namespace === '/' ? '' : ` ${update.namespace}`;
  $('version').textContent = `Armature ${update.version}`;
  sayZoom(update.history);
  panels.joints(update.joints);
  unlocked = !update.read_only && link.token !== '' && (await link.unlock(link.token)).success;
  judge();
  if (!again) afterPaint(load);
}

function afterPaint(work) {
  requestAnimationFrame(() => setTimeout(work, 0));
}

async function load() {
  loadPlots();
  try {
    const { Scene } = await import('/view.js');
    scene = new Scene($('scene'), $('labels'), $('home'), window.armature.stats);
    await scene.load(hello.joints);
    scene.alarms(newest.alarms?.alarms ?? []);
    scene.live(link.state === 'live');
    if (newest.surroundings) scene.surroundings(newest.surroundings);
    if (newest.plan) scene.plan(newest.plan);
    if (newest.frame) scene.take(newest.frame);
  } catch (error) {
    console.error(error);
    $('scene-note').hidden = false;
    $('scene-note').textContent = 'This browser cannot draw the arm (no WebGL); everything else works.';
  }
}

async function loadPlots() {
  const { Plots } = await import('/plots.js');
  plots = new Plots($('plots'), $('chips'), hello.joints, hello.history);
  window.armature.plots = plots;
  await plots.load();
}

// What may be pressed, and why not.
function judge() {
  const arm = newest.arm;
  let why = '';
  if (link.state !== 'live') why = link.state === 'lost' ? 'The link to the dashboard is lost: what is shown is old.' : 'Connecting.';
  else if (hello?.read_only) why = 'Read-only: the dashboard was started without a token.';
  else if (!unlocked) why = 'Locked: unlock with the token to use the buttons.';
  else if (arm && !arm.supervised) why = 'The supervisor is silent: only a stop is tried.';
  const blocked = why !== '';
  for (const button of document.querySelectorAll('[data-call]')) {
    const stop = button.dataset.call === 'stop';
    const pressable = !blocked || (stop && unlocked);
    button.setAttribute('aria-disabled', String(!pressable));
    button.title = pressable ? '' : why;
  }
  if ($('why').textContent !== why) $('why').textContent = why;
  const word = hello?.read_only ? 'Read-only' : unlocked ? 'Unlocked' : 'Unlock';
  $('unlock-word').textContent = word;
  $('unlock').title = hello?.read_only ? why : unlocked ? 'Press to lock' : '';
  icon($('unlock-icon'), unlocked ? 'open' : 'lock');
}

// Power is asked for twice.
const CONFIRM = { enable: 'Power on?' };
let asked = null;

async function press(button) {
  const name = button.dataset.call;
  if (button.getAttribute('aria-disabled') === 'true') return toast('warning', button.title);
  if (CONFIRM[name] && asked !== button) return confirm(button, CONFIRM[name]);
  asked?.forget();
  button.classList.add('busy');
  const { success, message } = await link.call(name);
  button.classList.remove('busy');
  toast(success ? 'ok' : 'error', `${button.dataset.word ?? button.textContent}: ${message || (success ? 'done' : 'refused')}`);
}

function confirm(button, question) {
  asked?.forget();
  asked = button;
  button.dataset.word = button.textContent;
  button.textContent = question;
  button.classList.add('ask');
  const timer = setTimeout(() => button.forget(), 4000);
  button.forget = () => {
    clearTimeout(timer);
    button.textContent = button.dataset.word;
    button.classList.remove('ask');
    asked = null;
  };
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-call]');
  if (button) press(button);
});

$('unlock').addEventListener('click', () => {
  if (!hello || hello.read_only) return toast('notice', $('why').textContent);
  if (unlocked) {
    unlocked = false;
    link.lock();
    return judge();
  }
  $('token').value = '';
  $('token-bad').textContent = '';
  $('dialog').showModal();
});
$('token-cancel').addEventListener('click', () => $('dialog').close());
$('token-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await link.unlock($('token').value);
  $('token-bad').textContent = answer.success ? '' : answer.message;
  if (!answer.success) return;
  unlocked = true;
  $('dialog').close();
  judge();
});

// Light or dark: as the system says, until somebody chooses.
const dark = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;
try {
  const kept = localStorage.getItem('theme');
  if (kept) root.dataset.theme = kept;
} catch { /* No storage: as the system says. */ }
function themed() {
  scene?.theme();
  plots?.theme();
}
dark.addEventListener('change', themed);
$('theme').addEventListener('click', () => {
  const now = root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
  root.dataset.theme = now === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', root.dataset.theme);
  } catch { /* Then not beyond this page. */ }
  themed();
});
function sayZoom(span) {
  $('zoom').textContent = `${Math.round(span / 6) / 10} min`;
  $('zoom').setAttribute('aria-label', span === hello.history ? 'Show the last minute only' : 'Show the whole history');
}
$('zoom').addEventListener('click', () => plots && sayZoom(plots.toggleSpan()));
$('units').addEventListener('click', () => plots?.units(panels.toggleUnits()));
