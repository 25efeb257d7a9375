// Beside Streamlit's "Download as PNG" of a chart, the same as SVG: the page has drawn it already, so nothing is fetched.
{
  const offerSvg = event => {
    const frame = event.target.closest?.('[data-testid=stFullScreenFrame]')
    const png = frame?.querySelector('button[aria-label^="Download as PNG"]')
    if (!png || !frame.querySelector('svg.marks') || frame.querySelector('.svg-download')) return
    const button = png.cloneNode(false)
    button.classList.add('svg-download')
    button.textContent = 'SVG'
    button.ariaLabel = png.ariaLabel.replace('PNG', 'SVG')
    button.title = 'Download as SVG'
    button.addEventListener('click', () => save(frame.querySelector('svg.marks'), button.ariaLabel))
    png.closest('[data-testid=stElementToolbarButton]').after(button)
  }
  const save = (drawing, label) => {
    const copy = drawing.cloneNode(true), link = document.createElement('a')
    copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
    const title = label.replace(/^[^:]*: /, '').split('.')[0].toLowerCase().replace(/[^a-z0-9]+/g, '-')
    link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], {type: 'image/svg+xml'}))
    link.download = `${title}.svg`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  }
  for (const kind of ['pointerover', 'focusin']) addEventListener(kind, offerSvg, true)
}
