// One action of the user is one entry of the browser's history: Streamlit would add one for each change of the address.
// An opened deployment begins at its top, and the page that it was opened from comes back where it was.
{
  const push = history.pushState.bind(history)
  const main = () => document.querySelector('[data-testid=stMain]')
  const opened = () => new URLSearchParams(location.search).get('deployment')
  const headings = () => [...main().querySelectorAll('h2, h3')]
  const isRunning = () => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'notRunning'
  const middle = () => innerHeight / 2
  let pushed = true, acted = 0, deployment = opened(), left = null

  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    addEventListener(kind, () => { pushed = false; acted += 1 }, {capture: true, passive: true})
  addEventListener('pointerdown', event => {
    if (event.target.closest('[data-testid=stVegaLiteChart]')) showList(acted, performance.now() + 10000)
  })

  // After a click on a mark, what it chose is named above the list: at least its first rows come into view.
  function showList(actions, until) {
    const chosen = document.querySelector('.st-key-chosen'), room = 360
    const below = chosen && chosen.getBoundingClientRect().top - (innerHeight - room)
    if (chosen && !isRunning() && below > 0) main().scrollBy({top: below})
    if (acted === actions && performance.now() < until) setTimeout(showList, 200, actions, until)
  }

  history.pushState = (...entry) => {
    pushed ? history.replaceState(...entry) : push(...entry)
    pushed = true
    follow()
  }
  addEventListener('popstate', () => follow())

  function follow() {
    const now = opened()
    if (now === deployment) return
    if (!deployment) left = nearestHeading()
    deployment = now
    now ? main()?.scrollTo(0, 0) : left && restore(left, acted, performance.now())
  }

  // Charts are drawn, and get their height, when they come into view: a heading tells the place, pixels do not.
  function nearestHeading() {
    if (!main()?.scrollTop) return null
    const all = headings(), tops = all.map(heading => heading.getBoundingClientRect().top)
    const nearest = tops.indexOf(tops.toSorted((a, b) => Math.abs(a - middle()) - Math.abs(b - middle()))[0])
    return nearest < 0 ? null : {text: all[nearest].textContent, top: tops[nearest]}
  }

  function restore(place, actions, idleSince) {
    if (acted !== actions || opened()) return
    const heading = headings().find(heading => heading.textContent === place.text)
    if (heading) main().scrollTop += heading.getBoundingClientRect().top - place.top
    if (isRunning() || !heading) idleSince = Math.max(idleSince, isRunning() ? performance.now() : idleSince)
    if (performance.now() - idleSince < 1500) requestAnimationFrame(() => restore(place, actions, idleSince))
  }
}
