import {
  AlignmentType,
  Document,
  type FileChild,
  Footer,
  Header,
  ImageRun,
  LineRuleType,
  Packer,
  PageNumber,
  PageOrientation,
  Paragraph,
  TextRun,
} from 'docx';
import { faces, fontTable } from './docx-fonts.ts';
import { docxTable, twips } from './docx-table.ts';
import { type Block, type Paper, plain } from './paper.ts';
import { coreProperties, rezip } from './zip.ts';

/** GB/T 9704: A4 with 37, 35, 28 and 26 mm of margin; turned, the margins turn with the page. */
const page = (landscape: boolean) => ({
  size: {
    width: twips(210),
    height: twips(297),
    orientation: landscape ? PageOrientation.LANDSCAPE : PageOrientation.PORTRAIT,
  },
  margin: landscape
    ? { top: twips(28), right: twips(24), bottom: twips(24), left: twips(24), header: twips(15), footer: twips(14) }
    : { top: twips(37), right: twips(26), bottom: twips(35), left: twips(28), header: twips(20), footer: twips(25) },
});

/** 28 points, exactly. */
const bodyLine = { line: 560, lineRule: LineRuleType.EXACT } as const;

const run = (text: string, font: (typeof faces)[keyof typeof faces], size: number, bold = false): TextRun =>
  new TextRun({ text: plain(text), font, size, ...(bold ? { bold } : {}) });

/** Pictures are numbered from 1 within a document: the package would count on over all documents of a process. */
const pictures = () => {
  let last = 0;
  return (block: Extract<Block, { kind: 'picture' }>): FileChild[] => {
    last += 1;
    return [
      new Paragraph({
        alignment: AlignmentType.CENTER,
        keepNext: true,
        spacing: { before: 120 },
        children: [
          new ImageRun({
            type: 'png',
            data: block.png,
            transformation: {
              width: Math.round((block.width * 96) / 25.4),
              height: Math.round((block.height * 96) / 25.4),
            },
            altText: { id: String(last), name: `图${last}`, description: block.caption, title: block.caption },
          }),
        ],
      }),
      new Paragraph({
        alignment: AlignmentType.CENTER,
        spacing: { after: 160 },
        children: [run(`图${last}　${block.caption}`, faces.head, 21)],
      }),
    ];
  };
};

const blocksOf = (paper: Paper, first: boolean, blocks: readonly Block[], picture: ReturnType<typeof pictures>) => {
  const title = new Paragraph({
    alignment: AlignmentType.CENTER,
    spacing: { after: 200, line: 640, lineRule: LineRuleType.EXACT },
    children: [run(paper.title, faces.title, 44)],
  });
  const line = new Paragraph({
    alignment: AlignmentType.CENTER,
    spacing: { after: 240, ...bodyLine },
    children: [run(paper.line, faces.body, 28)],
  });
  const children = blocks.flatMap((block, at) => childrenOf(block, picture, blocks[at + 1]?.kind === 'signature'));
  return [...(first ? [title, line] : []), ...children];
};

/** `signed`: a signature follows, which stands on no page without the text that it is under. */
const childrenOf = (block: Block, picture: ReturnType<typeof pictures>, signed: boolean): FileChild[] => {
  switch (block.kind) {
    case 'body':
      return [
        new Paragraph({
          keepNext: signed,
          indent: { firstLine: 640 },
          spacing: bodyLine,
          children: [run(block.text, faces.body, 32)],
        }),
      ];
    case 'attachment':
    case 'heading':
      return [
        new Paragraph({
          keepNext: true,
          pageBreakBefore: block.kind === 'attachment',
          spacing: { before: 200, after: 120 },
          children: [run(block.text, faces.head, 28)],
        }),
      ];
    case 'subheading':
      return [
        new Paragraph({
          keepNext: true,
          spacing: { before: 160, after: 80 },
          children: [run(block.text, faces.head, 21)],
        }),
      ];
    case 'signature':
      return [
        new Paragraph({
          keepNext: signed,
          alignment: AlignmentType.RIGHT,
          indent: { right: 640 },
          spacing: bodyLine,
          children: [run(block.text, faces.body, 32)],
        }),
      ];
    case 'note':
      return [new Paragraph({ spacing: { before: 20, after: 20 }, children: [run(block.text, faces.table, 21)] })];
    case 'table':
      return [docxTable(block.table)];
    case 'picture':
      return picture(block);
  }
};

/** — 1 —, outside on each page. */
const footer = (alignment: (typeof AlignmentType)[keyof typeof AlignmentType]): Footer =>
  new Footer({
    children: [
      new Paragraph({
        alignment,
        indent: { left: 280, right: 280 },
        children: [new TextRun({ font: faces.table, size: 28, children: ['— ', PageNumber.CURRENT, ' —'] })],
      }),
    ],
  });

const header = (draft: string | null): Header =>
  new Header({
    children: [
      new Paragraph({
        alignment: AlignmentType.CENTER,
        children: draft === null ? [] : [run(draft, faces.head, 28, true)],
      }),
    ],
  });

/** A Word document. The same paper gives the same bytes, in any process, zone and year. */
export const writeDocx = async (paper: Paper): Promise<Uint8Array> => {
  const picture = pictures();
  const document = new Document({
    title: paper.title,
    evenAndOddHeaderAndFooters: true,
    styles: { default: { document: { run: { font: faces.body, size: 32, language: { eastAsia: 'zh-CN' } } } } },
    sections: paper.sections.map(({ landscape, blocks }, index) => ({
      properties: { page: page(landscape) },
      headers: { default: header(paper.draft), even: header(paper.draft) },
      footers: { default: footer(AlignmentType.RIGHT), even: footer(AlignmentType.LEFT) },
      children: blocksOf(paper, index === 0, blocks, picture),
    })),
  });
  return rezip(await Packer.toBuffer(document), {
    'docProps/core.xml': () => coreProperties(paper.title, paper.at),
    'word/fontTable.xml': fontTable,
  });
};
