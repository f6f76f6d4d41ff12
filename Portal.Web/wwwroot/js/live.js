// Tells a live page whether it is looked at, so that what nobody sees is not read again.
const watchers = new Map();

export function watch(id, page) {
  const tell = () => page.invokeMethodAsync('SetVisible', document.visibilityState === 'visible').catch(() => stop(id));
  document.addEventListener('visibilitychange', tell);
  watchers.set(id, tell);
}

export function stop(id) {
  document.removeEventListener('visibilitychange', watchers.get(id));
  watchers.delete(id);
}
