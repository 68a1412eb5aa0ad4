// Of many questions in a row the newest is answered last: one is under way, one waits.

const PATIENCE_MS = 400;

export class Latest {
  #ask;
  #show;
  #fail;
  #waiting = null;
  #current = null;
  #hurry = null;

  // `ask(question, signal)` resolves with an answer; `show(answer, question)`, `fail(error)`.
  constructor(ask, show, fail) {
    this.#ask = ask;
    this.#show = show;
    this.#fail = fail;
  }

  want(question) {
    this.#waiting = { question };
    if (this.#current === null) this.#next();
    else this.#hurry ??= setTimeout(() => this.#current?.abort(), PATIENCE_MS);
  }

  // Nothing is wanted any more.
  drop() {
    this.#waiting = null;
    this.#current?.abort();
  }

  async #next() {
    while (this.#waiting !== null) {
      const { question } = this.#waiting;
      const controller = new AbortController();
      this.#waiting = null;
      this.#current = controller;
      try {
        const answer = await this.#ask(question, controller.signal);
        if (!controller.signal.aborted) this.#show(answer, question);
      } catch (error) {
        if (!controller.signal.aborted) this.#fail(error);
      }
      clearTimeout(this.#hurry);
      this.#hurry = null;
    }
    this.#current = null;
  }
}
