// Milliseconds from the start of loading to the first number.
() =>
  new Promise((resolve) => {
    const number = document.querySelector("#deposition-view .number");
    const look = () =>
      /[0-9]/.test(number.textContent) ? resolve(performance.now()) : requestAnimationFrame(look);
    look();
  });
