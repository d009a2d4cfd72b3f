/** The loads that `./maru load` knows; each is the k6 script of its name. */
export const loads = [
  { name: 'authorize-only', says: 'authorisations, 1,050 a second for 6 min' },
  {
    name: 'authorize-capture',
    says: 'an authorisation and the request to capture it, up to 400 a second in 8 min',
  },
  {
    name: 'full-flow',
    says: 'authorised, captured and refunded, with pauses; 300 a second for 6 min',
  },
] as const
