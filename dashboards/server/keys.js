// Enter or space on the button of a table's row does what a click does. Streamlit draws a table on a canvas and
// updates its hidden cells for screen readers shortly after each key, so the row is looked up after that delay.
addEventListener('keydown', event => {
  if (!['Enter', ' '].includes(event.key) || !event.target.closest('[data-testid=stDataFrame]')) return
  setTimeout(() => {
    const cell = document.activeElement.closest('canvas td[role=gridcell]')
    if (!['Open', 'Filter'].includes(cell?.textContent)) return
    const frame = cell.closest('[data-testid=stDataFrame]'), canvas = cell.closest('canvas')
    const rows = cell.closest('table').getAttribute('aria-rowcount'), row = Number(cell.id.split('-').pop()) + 1
    const rowHeight = frame.querySelector('.dvn-scroll-inner').getBoundingClientRect().height / rows
    const box = canvas.getBoundingClientRect(), scrolled = frame.querySelector('.dvn-scroller').scrollTop
    const at = {bubbles: true, cancelable: true, composed: true, view: window, pointerType: 'mouse', isPrimary: true,
      clientX: box.x + 31, clientY: box.y + (row + 0.5) * rowHeight - scrolled}
    for (const [kind, name] of [[PointerEvent, 'pointermove'], [MouseEvent, 'mousemove'], [PointerEvent, 'pointerdown'],
      [MouseEvent, 'mousedown'], [PointerEvent, 'pointerup'], [MouseEvent, 'mouseup'], [MouseEvent, 'click']])
      canvas.dispatchEvent(new kind(name, at))
  }, 400)
}, true)
