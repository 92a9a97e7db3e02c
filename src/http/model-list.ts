import type { RequestHandler } from 'express'
import type { ModelListing, ModelPrice, Models } from '../models/models.ts'
import { identityOf } from './auth.ts'
import { findModel, usableModels } from './find-model.ts'

/** `GET /v1/models`: those that the caller may use. Asks no backend: it answers at once, and while all of them are down. */
export function listModels(models: Models, createdSec: number): RequestHandler {
  return (_req, res) => {
    const usable = usableModels(models, identityOf(res).scopes)
    res.json({ object: 'list', data: usable.map((listing) => toModelRow(listing, createdSec)) })
  }
}

/** `GET /v1/models/{id}`. */
export function showModel(models: Models, createdSec: number): RequestHandler {
  return (req, res) => {
    const id = [req.params.id ?? []].flat().join('/') // an id may hold slashes, encoded or not
    res.json(toModelRow({ ...findModel(models, id, identityOf(res)), id }, createdSec))
  }
}

function toModelRow({ id, model, price }: ModelListing, createdSec: number) {
  return {
    id,
    object: 'model',
    created: createdSec,
    owned_by: 'groundwire',
    context_length: model.contextTokens,
    ...(price === undefined ? {} : { price: toPrice(price) }),
  }
}

/** Micro-credits. */
const toPrice = ({ promptPerMillion, completionPerMillion, cachedPerMillion, perRun }: ModelPrice) => ({
  prompt_per_million: Number(promptPerMillion),
  completion_per_million: Number(completionPerMillion),
  ...(cachedPerMillion === undefined ? {} : { cached_per_million: Number(cachedPerMillion) }),
  ...(perRun === undefined ? {} : { per_run: Number(perRun) }),
})
