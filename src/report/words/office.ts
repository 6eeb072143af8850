/** Whose documents these are: the heads of its notices. */
export const office = {
  city: '柳州市',
  centre: '柳州市综合治理中心',
} as const;

/** Changes whenever the same content would give other bytes; stands in the foot of every document. */
export const renderer = 'xunjian-documents/1';
