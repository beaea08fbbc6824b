// The start page: says whether the control plane can be used, and fills in its own address.
for (const place of document.querySelectorAll('[data-origin]')) place.textContent = location.origin;

const state = document.querySelector('#state');
try {
  const answer = await fetch('/readyz', { cache: 'no-store' });
  state.textContent = answer.ok
    ? 'The control plane is ready.'
    : 'The control plane is up, but cannot reach its store.';
  state.className = answer.ok ? 'good' : 'bad';
} catch {
  state.textContent = 'The control plane does not answer.';
  state.className = 'bad';
}
