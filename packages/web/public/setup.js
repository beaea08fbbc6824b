// Makes the first administrator. The token stands in the address's fragment, which no browser sends to a server or a log.
const form = document.querySelector('#setup');
const outcome = document.querySelector('#outcome');
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
history.replaceState(null, '', location.pathname);

function tell(text, good) {
  outcome.textContent = text;
  outcome.className = good ? 'good' : 'bad';
}

if (token === '') {
  form.hidden = true;
  tell('This page needs the one-time link that Tidegate printed when it started.', false);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void makeAdministrator();
});

async function makeAdministrator() {
  const fields = new FormData(form);
  if (fields.get('password') !== fields.get('again')) {
    tell('The two passwords differ.', false);
    return;
  }
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const name = form.elements.namedItem('name').value;
    const person = {
      name,
      password: fields.get('password'),
      groups: ['administrators', 'auditors'],
    };
    const answer = await fetch('/v1/setup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, people: [person] }),
    });
    if (answer.ok) {
      form.hidden = true;
      tell(`Done. Now, in a terminal: tidegate login --url ${location.origin} --user ${name}`, true);
    } else {
      const problem = await answer.json();
      tell(`${problem.detail} ${problem.next}`, false);
      button.disabled = false;
    }
  } catch {
    tell('The control plane does not answer. Try again.', false);
    button.disabled = false;
  }
}
