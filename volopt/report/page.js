const places = [...document.querySelectorAll(".place")];
const touched = matchMedia("(pointer: coarse)").matches;
const LETTER = 7, MARGINS = 90;  // pixels
const config = {
  responsive: true,
  displaylogo: false,
  displayModeBar: touched ? false : "hover",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};

async function draw() {
  for (const place of places) {
    const {data, layout} = JSON.parse(place.firstElementChild.textContent);
    const title = layout.xaxis.title;
    if (title.text.length * LETTER > place.clientWidth - MARGINS) title.text = title.text.replace(/(.{20,}?)\s/g, "$1<br>");
    if (touched) layout.dragmode = false;  // a finger on a figure scrolls the page
    await Plotly.newPlot(place, data, layout, config);
  }
  document.documentElement.dataset.drawn = places.length;
}

function setForPaper() {
  document.documentElement.classList.add("printing");
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.open = true;
    fold.dataset.folded = "";
  }
  for (const place of places) Plotly.relayout(place, {width: place.clientWidth});
}

function setForScreen() {
  document.documentElement.classList.remove("printing");
  for (const fold of document.querySelectorAll("details[data-folded]")) fold.open = false;
  for (const place of places) Plotly.relayout(place, {width: null, autosize: true});
}

addEventListener("beforeprint", setForPaper);
addEventListener("afterprint", setForScreen);
draw();
