// Says what happens while the circuit is cut off, and comes back by itself as soon as it can.
const dialog = document.getElementById('components-reconnect-modal');
const part = name => dialog.querySelector(`[data-${name}]`);
const texts = {
  show: ['Connecting again…', 'The connection to the server was lost. What is on the page stays as it is.'],
  failed: ['No connection', 'The server does not answer. Nothing you had already sent is lost; it tries again when you come back to this page.'],
  paused: ['Paused', 'The server has set this page aside for now.'],
  ended: ['The page has to be read again', 'The server no longer knows this page. What was saved is kept.'],
};

function say(state) {
  dialog.dataset.state = state;
  [part('title').textContent, part('text').textContent] = texts[state];
  part('retry').hidden = state === 'show' || state === 'ended';
  part('reload').hidden = state === 'show';
  if (!dialog.open) dialog.showModal();
}

async function comeBack() {
  say('show');
  try {
    // true: back; false: the server is there, but the circuit is gone.
    if (await Blazor.reconnect() || await Blazor.resumeCircuit()) dialog.close();
    else location.reload();
  } catch {
    say('failed');
  }
}

dialog.addEventListener('components-reconnect-state-changed', event => {
  switch (event.detail.state) {
    case 'show': say('show'); break;
    case 'retrying':
      say('show');
      if (event.detail.secondsToNextAttempt > 0) part('text').textContent = `Trying again in ${event.detail.secondsToNextAttempt} s. What is on the page stays as it is.`;
      break;
    case 'hide': dialog.close(); break;
    case 'failed': say('failed'); break;
    case 'paused': say('paused'); break;
    case 'resume-failed': say('ended'); break;
    case 'rejected': location.reload(); break;
  }
});
dialog.addEventListener('cancel', event => event.preventDefault());
part('retry').addEventListener('click', comeBack);
part('reload').addEventListener('click', () => location.reload());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && dialog.open && dialog.dataset.state === 'failed') comeBack();
});
addEventListener('online', () => dialog.open && dialog.dataset.state === 'failed' && comeBack());
