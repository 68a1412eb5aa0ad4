// The API key: kept for this tab, asked for once however many questions wait for it.

const NAME = "glassyli-api-key";

let waiting = null;

export function apiKey() {
  return sessionStorage.getItem(NAME);
}

// Resolves once a key was given; `complaint` says what was wrong with the last one.
export function askForKey(complaint) {
  waiting ??= opened(complaint).finally(() => {
    waiting = null;
  });
  return waiting;
}

function opened(complaint) {
  const dialog = document.getElementById("key-dialog");
  const input = document.getElementById("key");
  const said = document.getElementById("key-complaint");
  said.textContent = complaint;
  said.hidden = !complaint;
  input.value = "";
  return new Promise((resolve, reject) => {
    dialog.addEventListener(
      "close",
      () => {
        const key = input.value.trim();
        if (dialog.returnValue !== "ok" || !key) {
          reject(
            new Error(
              "Without a key this server answers nothing. Load the page again to enter one.",
            ),
          );
          return;
        }
        sessionStorage.setItem(NAME, key);
        resolve();
      },
      { once: true },
    );
    dialog.returnValue = "";
    dialog.showModal();
  });
}
