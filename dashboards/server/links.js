// A link to a page of ours opens it in this session, as Streamlit does when a user goes back: without loading anything
// again. Its fragment names the part of the page to show. Charts above it get their height late, so it is shown again
// until the page rests or the user acts.
let actions = 0
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
  addEventListener(kind, () => { actions += 1 }, {capture: true, passive: true})
function showPart (name, before, restingSince) {
  if (actions !== before) return
  const part = document.querySelector(`.st-key-${CSS.escape(name)}`)
  if (part) part.scrollIntoView({block: 'start'})
  const rests = part && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  if (!rests) restingSince = performance.now()
  if (performance.now() - restingSince < 2000) setTimeout(showPart, 100, name, before, restingSince)
}
addEventListener('click', event => {
  const link = event.target.closest('.brief a, .scorecard a')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  dispatchEvent(new PopStateEvent('popstate'))
  const name = new URL(link.href).hash.slice(1)
  if (name) showPart(name, actions, performance.now())
  else document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0)
})
addEventListener('load', () => { if (location.hash) showPart(location.hash.slice(1), actions, performance.now()) })
// The rows of the scorecard in the order of a column; a second click reverses it.
addEventListener('click', event => {
  const button = event.target.closest('.scorecard thead button')
  if (!button) return
  const head = button.closest('th'), body = button.closest('table').tBodies[0]
  const descending = head.getAttribute('aria-sort') !== 'descending'
  head.parentNode.querySelectorAll('th').forEach(other => other.removeAttribute('aria-sort'))
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
  const key = row => {
    const cell = row.cells[head.cellIndex]
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value)
  }
  const order = (a, b) => (key(a) > key(b) ? 1 : key(a) < key(b) ? -1 : 0) * (descending ? -1 : 1)
  body.append(...[...body.rows].sort(order))
})
