// What MNIST's format says, in every language.
export const SIDE = 28; // pixels of a digit
