import { messageTypes } from '../protobuf/message-types.ts';

/**
 * The part of TensorBoard's messages that a run needs: event.proto and summary.proto (tensorboard/compat/proto),
 * plugin_data.proto (tensorboard/plugins/hparams), and Value of google/protobuf/struct.proto.
 */
const types = messageTypes({
  Event: {
    wallTime: ['double', 1],
    step: ['int64', 2],
    fileVersion: ['string', 3],
    summary: ['Summary', 5],
    sessionLog: ['SessionLog', 7],
  },
  SessionLog: { status: ['int32', 1] },
  Summary: { value: ['SummaryValue', 1, 'repeated'] },
  SummaryValue: {
    tag: ['string', 1],
    simpleValue: ['float', 2, 'optional'],
    tensor: ['TensorProto', 8],
    metadata: ['SummaryMetadata', 9],
  },
  TensorProto: { dtype: ['int32', 1], tensorShape: ['TensorShapeProto', 2] },
  TensorShapeProto: { dim: ['Dimension', 2, 'repeated'] },
  Dimension: { size: ['int64', 1] },
  SummaryMetadata: { pluginData: ['PluginData', 1] },
  PluginData: { pluginName: ['string', 1], content: ['bytes', 2] },
  HParamsPluginData: { sessionStartInfo: ['SessionStartInfo', 3], sessionEndInfo: ['SessionEndInfo', 4] },
  SessionStartInfo: { hparams: ['Value', 1, 'map'], startTimeSecs: ['double', 5] },
  SessionEndInfo: { status: ['int32', 1], endTimeSecs: ['double', 2] },
  Value: {
    numberValue: ['double', 2, 'optional'],
    stringValue: ['string', 3, 'optional'],
    boolValue: ['bool', 4, 'optional'],
  },
});
const [Event, HParamsPluginData] = [types.of('Event'), types.of('HParamsPluginData')];

/** SessionLog.START; STATUS_SUCCESS of the hparams plugin; DT_FLOAT. */
const [START, SUCCESS, FLOAT] = [1, 1, 1];

/** A value of the hyper-parameter table. */
export type HyperParameter = number | string | boolean;

/** What an event says. */
export type EventContent =
  | { readonly kind: 'version' }
  /** What has been told of this step and later ones holds no more. */
  | { readonly kind: 'restart'; readonly step: number }
  | { readonly kind: 'scalars'; readonly step: number; readonly scalars: Readonly<Record<string, number>> }
  | { readonly kind: 'begun'; readonly hyperParameters: Readonly<Record<string, HyperParameter>> }
  /** The run came to its end. */
  | { readonly kind: 'succeeded' };

/** Encodes an event; `time` is in seconds since 1970. */
export function encodeEvent(content: EventContent, time: number): Uint8Array {
  return Event.encode({ wallTime: time, ...bodyOf(content, time) }).finish();
}

function bodyOf(content: EventContent, time: number): object {
  switch (content.kind) {
    case 'version':
      return { fileVersion: 'brain.Event:2' };
    case 'restart':
      return { step: content.step, sessionLog: { status: START } };
    case 'scalars': {
      const value = Object.entries(content.scalars).map(([tag, number]) => ({ tag, simpleValue: number }));
      return { step: content.step, summary: { value } };
    }
    case 'begun': {
      const entries = Object.entries(content.hyperParameters);
      const hparams = Object.fromEntries(entries.map(([name, value]) => [name, protoValue(value)]));
      return plugin('session_start_info', { sessionStartInfo: { hparams, startTimeSecs: time } });
    }
    case 'succeeded':
      return plugin('session_end_info', { sessionEndInfo: { status: SUCCESS, endTimeSecs: time } });
  }
}

function protoValue(value: HyperParameter): object {
  if (typeof value === 'number') return { numberValue: value };
  return typeof value === 'string' ? { stringValue: value } : { boolValue: value };
}

/** A summary of the hparams plugin: its data stands in the metadata, beside a tensor without elements. */
function plugin(name: string, data: object): object {
  const content = HParamsPluginData.encode(data).finish();
  const tensor = { dtype: FLOAT, tensorShape: { dim: [{ size: 0 }] } };
  const metadata = { pluginData: { pluginName: 'hparams', content } };
  return { summary: { value: [{ tag: `_hparams_/${name}`, tensor, metadata }] } };
}
