// The provider redirects to the first page. A user who followed a link to another page before the login goes there.
addEventListener('click', event => {
  if (event.target.closest('.st-key-login')) sessionStorage.setItem('requested', location.href)
}, true)
{
  const requested = sessionStorage.getItem('requested')
  if (requested && requested !== location.href && requested.startsWith(location.href)) {
    sessionStorage.removeItem('requested')
    location.replace(requested)
  }
}
