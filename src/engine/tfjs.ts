/**
 * tfjs-core with its gradients registered: the one import of tfjs in the framework. `import * as tf` from here gives the
 * functional API (`tf.matMul(a, b)`); methods on tensors (`a.matMul(b)`) are not registered.
 */
// First: the gradients read flags that the core registers.
import '@tensorflow/tfjs-core';
import '#tfjs-gradients';

export * from '@tensorflow/tfjs-core';
