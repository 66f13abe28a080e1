import '@tensorflow/tfjs-backend-cpu';

/** tfjs's own JavaScript backend: what shows that the harness itself runs these tests as they are meant. */
export const backend = 'cpu';
