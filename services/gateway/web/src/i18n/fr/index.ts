// French, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'fr', 'index'> = {
  'index.title': 'Rejoindre une séance',
  'index.hint':
    'Ouvrez le lien que vous avez reçu ou saisissez un code : les six caractères d’une séance ou les vôtres, ou les huit que le secrétariat vous a donnés.',
  'index.code': 'Code',
  'index.open': 'Ouvrir la séance',
  'index.code_wrong': 'Un code compte six ou huit lettres et chiffres, par exemple K7M2QX.',
  'signin.title': 'Personnel',
  'signin.hint':
    'Pour les organisateurs, la présidence, le secrétariat, les sous-titreurs, les interprètes et les techniciens : avec le compte de votre organisation. Votre lien fonctionne comme avant.',
  'signin.open': 'Se connecter',
  'signin.refused': 'Vous n’êtes pas connecté',
  'signin.why_unmapped':
    'Votre compte n’a aucun rôle ici. Demandez à la personne qui gère ce serveur de lui en attribuer un, ou ouvrez le lien que vous avez reçu.',
  'signin.why_unverified':
    'Votre organisation n’a pas confirmé l’adresse électronique de votre compte. Confirmez-la auprès d’elle et reconnectez-vous, ou ouvrez le lien que vous avez reçu.',
  'signin.why_denied':
    'Votre organisation ne vous a pas laissé entrer, ou vous avez renoncé. Reconnectez-vous ou ouvrez votre lien.',
  'signin.why_stale':
    'La connexion a pris trop de temps ou a été commencée dans une autre fenêtre. Connectez-vous de nouveau.',
  'signin.why_untrusted':
    'La réponse de votre organisation n’est pas digne de confiance. Prévenez la personne qui gère ce serveur.',
  'signin.why_unavailable':
    'La connexion ne fonctionne pas pour le moment. Réessayez dans une minute ; les liens et les codes fonctionnent comme avant.',
  'signin.why_busy':
    'Trop de tentatives depuis votre réseau. Attendez une minute et reconnectez-vous, ou ouvrez votre lien.',
  'signin.why_no_session': 'Aucune séance n’a ce code. Vérifiez les six caractères.',
  'signin.choose': 'Choisissez votre séance',
}

export default index
