// Loaded before the first paint. Chooses the theme, keeps the choice, and serves the few menus that must work without a circuit.
(() => {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const choice = () => { try { return localStorage.getItem('portal-theme') ?? 'system'; } catch { return 'system'; } };

  function apply() {
    const chosen = choice();
    const theme = chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
    if (root.dataset.theme !== theme) root.dataset.theme = theme;
    if (root.dataset.themeChoice !== chosen) root.dataset.themeChoice = chosen;
    document.querySelectorAll('[data-theme-set]').forEach(button =>
      button.setAttribute('aria-pressed', String(button.dataset.themeSet === chosen)));
  }

  apply();
  system.addEventListener('change', apply);
  addEventListener('storage', apply);
  addEventListener('DOMContentLoaded', apply);
  // Enhanced navigation rewrites the attributes of <html> to the server's.
  new MutationObserver(apply).observe(root, { attributes: true, attributeFilter: ['data-theme'] });

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-theme-set]');
    if (button) {
      try { localStorage.setItem('portal-theme', button.dataset.themeSet); } catch { /* private window: for this page only */ }
      root.dataset.theme = '';
      apply();
    }
    const skip = event.target.closest('[data-focus]');
    if (skip) document.getElementById(skip.dataset.focus)?.focus();
    const copy = event.target.closest('[data-copy]');
    if (copy) {
      navigator.clipboard?.writeText(copy.dataset.copy);
      copy.dataset.copied = '';
      setTimeout(() => delete copy.dataset.copied, 1500);
    }
    // One menu open at a time; a click elsewhere, or on one of its links, closes it.
    document.querySelectorAll('details.menu[open]').forEach(menu => {
      if (!menu.contains(event.target) || event.target.closest('a')) menu.open = false;
    });
  });

  document.addEventListener('toggle', event => {
    // The buttons may have been rendered after the last apply.
    if (event.target.matches?.('details.menu')) apply();
  }, true);

  document.addEventListener('keydown', event => {
    const menu = event.key === 'Escape' && document.querySelector('details.menu[open]');
    if (menu) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  });
})();
