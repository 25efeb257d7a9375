// A link to a page of ours opens it in this session, as Streamlit does when a user goes back: without loading anything
// again. Its fragment names the part of the page to show, which may be drawn later.
function showPart (name, end) {
  const part = document.querySelector(`.st-key-${CSS.escape(name)}`)
  if (part) part.scrollIntoView({block: 'start'})
  if (Date.now() < end) setTimeout(showPart, 250, name, end)
}
addEventListener('click', event => {
  const link = event.target.closest('.brief a, .scorecard a')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  dispatchEvent(new PopStateEvent('popstate'))
  const name = new URL(link.href).hash.slice(1)
  if (name) showPart(name, Date.now() + 2000)
  else scrollTo(0, 0)
})
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
