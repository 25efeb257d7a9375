// Who has to log in comes back to the first page; from there it goes on to the address that was asked for.
addEventListener('click', event => {
  if (event.target.closest('.st-key-login')) sessionStorage.setItem('asked', location.href)
}, true)
{
  const asked = sessionStorage.getItem('asked')
  if (asked && asked !== location.href && asked.startsWith(location.href)) {
    sessionStorage.removeItem('asked')
    location.replace(asked)
  }
}
