import type { Config } from '../src/config.ts'
import { createModels } from '../src/models/create-models.ts'

/** What answers in the demo, and why, in words for the terminal. */
export type PickedModel = { operatorModel: string; why: string }

/**
 * The configured model where it would answer now; else the rehearsal model, unless `isChosen` says that somebody asked
 * for the configured one by name.
 */
export async function pickModel(config: Config, { isChosen }: { isChosen: boolean }): Promise<PickedModel> {
  const { operatorModel } = config
  if (operatorModel === 'rehearsal') return { operatorModel, why: 'OPERATOR_MODEL says so' }
  const model = (await createModels({ ...config, conductorModel: undefined })).find('operator')?.model
  const health = await model?.check(AbortSignal.timeout(2_000))
  if (health?.status === 'ok') {
    return {
      operatorModel,
      why: isChosen ? 'OPERATOR_MODEL says so, and it answers' : 'Ollama answers and has it pulled',
    }
  }
  const detail = health?.detail ?? 'it does not answer'
  if (isChosen) return { operatorModel, why: `OPERATOR_MODEL says so, but questions will fail: ${detail}` }
  return { operatorModel: 'rehearsal', why: detail }
}

/** What works on the queued runs, and why. */
export function pickConductor({ conductorModel }: Pick<Config, 'conductorModel'>): { model: string; why: string } {
  if (conductorModel !== undefined) return { model: conductorModel, why: 'CONDUCTOR_MODEL says so' }
  return { model: 'rehearsal', why: 'CONDUCTOR_MODEL names no other' }
}
