import type { RequestHandler } from 'express'
import type { ModelListing, ModelPrice, Models } from '../models/models.ts'
import { findModel } from './find-model.ts'

/** `GET /v1/models`. Asks no backend: it answers at once, and while all of them are down. */
export function listModels(models: Models, createdSec: number): RequestHandler {
  return (_req, res) => {
    res.json({ object: 'list', data: models.list().map((listing) => toModelRow(listing, createdSec)) })
  }
}

/** `GET /v1/models/{id}`. */
export function showModel(models: Models, createdSec: number): RequestHandler {
  return (req, res) => {
    const id = [req.params.id ?? []].flat().join('/') // an id may hold slashes, encoded or not
    res.json(toModelRow({ ...findModel(models, id), id }, createdSec))
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

const toPrice = ({ promptPerMillion, completionPerMillion }: ModelPrice) => ({
  prompt_per_million: Number(promptPerMillion),
  completion_per_million: Number(completionPerMillion),
})
