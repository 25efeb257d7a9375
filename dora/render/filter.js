for (const input of document.querySelectorAll("input[type=search]")) {
  const rows = [...input.closest(".filtered").querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  const count = input.closest(".filtered").querySelector("output");
  input.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const [row, text] of rows) shown += !(row.hidden = !words.every((word) => text.includes(word)));
    count.value = input.value ? `${shown} of ${rows.length} rows` : "";
  });
}
