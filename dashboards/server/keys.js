// Enter or space on the button of a table's row does what a click does. The table is a picture; what a reader of
// the screen hears of it is told a moment after the keys that moved in it, so the row is looked up after that moment.
addEventListener('keydown', event => {
  if (!['Enter', ' '].includes(event.key) || !event.target.closest('[data-testid=stDataFrame]')) return
  setTimeout(() => {
    const cell = document.activeElement.closest('canvas td[role=gridcell]')
    if (!['Open', 'Show'].includes(cell?.textContent)) return
    const frame = cell.closest('[data-testid=stDataFrame]'), picture = cell.closest('canvas')
    const rows = cell.closest('table').getAttribute('aria-rowcount'), row = Number(cell.id.split('-').pop()) + 1
    const tall = frame.querySelector('.dvn-scroll-inner').getBoundingClientRect().height / rows
    const box = picture.getBoundingClientRect(), scrolled = frame.querySelector('.dvn-scroller').scrollTop
    const at = {bubbles: true, cancelable: true, composed: true, view: window, pointerType: 'mouse', isPrimary: true,
      clientX: box.x + 31, clientY: box.y + (row + 0.5) * tall - scrolled}
    for (const [kind, name] of [[PointerEvent, 'pointermove'], [MouseEvent, 'mousemove'], [PointerEvent, 'pointerdown'],
      [MouseEvent, 'mousedown'], [PointerEvent, 'pointerup'], [MouseEvent, 'mouseup'], [MouseEvent, 'click']])
      picture.dispatchEvent(new kind(name, at))
  }, 400)
}, true)
