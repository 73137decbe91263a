// What an installed app is called and what it is for: written into the manifests by the build, and in no page.
import type { Language } from './catalogue'

export const manifests: Record<Language, { name: string; description: string }> = {
  ar: { name: 'Fairfloor', description: 'المشاورات المباشرة: مكانك في قائمة المتكلمين، ومتى يحين دورك، وما يقال.' },
  zh: { name: 'Fairfloor', description: '现场磋商：您在发言名单上的位置、何时轮到您，以及会上的发言。' },
  en: {
    name: 'Fairfloor',
    description: 'Live consultations: your place on the list of speakers, when your turn comes, and what is said.',
  },
  fr: {
    name: 'Fairfloor',
    description:
      'Consultations en direct : votre place sur la liste des orateurs, votre tour de parole et ce qui se dit.',
  },
  ru: {
    name: 'Fairfloor',
    description: 'Консультации в прямом эфире: ваше место в списке ораторов, когда вам дадут слово и что говорят.',
  },
  es: {
    name: 'Fairfloor',
    description: 'Consultas en directo: su lugar en la lista de oradores, cuándo le toca hablar y lo que se dice.',
  },
}
