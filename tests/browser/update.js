// Milliseconds from a move of the current's slider to the frame that shows its number.
(current) =>
  new Promise((resolve) => {
    const view = document.querySelector("#deposition-view");
    const slider = view.querySelector("[name=current_density_mA_cm2] input[type=range]");
    const start = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now() - start));
    }).observe(view.querySelector(".number"), {
      childList: true,
      characterData: true,
      subtree: true,
    });
    slider.value = Math.log10(current);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
