// Undo and redo: drawings are replaced, never changed, so that the past can keep them.

export function makeHistory(first) {
  let present = first;
  const past = [];
  const future = [];
  return {
    get present() {
      return present;
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    push(next) {
      past.push(present);
      future.length = 0;
      present = next;
    },
    /** The present anew, without a step of its own. */
    replace(next) {
      present = next;
    },
    undo() {
      if (!past.length) return false;
      future.push(present);
      present = past.pop();
      return true;
    },
    redo() {
      if (!future.length) return false;
      past.push(present);
      present = future.pop();
      return true;
    },
  };
}
