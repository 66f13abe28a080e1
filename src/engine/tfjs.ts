/**
 * tfjs-core with its gradients registered. All code imports tfjs from here. `import * as tf` gives the functional API
 * (`tf.matMul(a, b)`). Methods on tensors (`a.matMul(b)`) are not registered.
 */
// This import comes first because the gradients read flags that the core registers.
import '@tensorflow/tfjs-core';
import '#tfjs-gradients';

export * from '@tensorflow/tfjs-core';
