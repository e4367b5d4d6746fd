namespace Mlx.Hosting

open System
open System.Text.Json.Nodes

/// A request that is answered with an error: its status, and what OpenAI's API says in such a case.
[<Sealed>]
type internal ApiException
    (status: int, kind: string, code: string | null, param: string | null, message: string) =
    inherit Exception(message)
    member _.Status = status

    /// The body of the answer.
    member _.Body: JsonObject =
        let error = JsonObject()
        error["message"] <- JsonValue.Create message
        error["type"] <- JsonValue.Create kind
        error["param"] <- JsonValue.Create param
        error["code"] <- JsonValue.Create code
        let body = JsonObject()
        body["error"] <- error
        body

module internal Api =
    let private invalid = "invalid_request_error"

    /// The request is not what the API wants.
    let refuse (param: string | null) (code: string) (message: string) : 'T =
        raise (ApiException(400, invalid, code, param, message))

    let noSuchModel (name: string) : 'T =
        let message = $"The model '{name}' does not exist here"
        raise (ApiException(404, invalid, "model_not_found", "model", message))

    let unauthorized: exn =
        ApiException(401, invalid, "invalid_api_key", null, "The API key is missing or wrong")

    let notFound (path: string) : exn =
        ApiException(404, invalid, "unknown_url", null, $"There is nothing at {path}")

    let wrongMethod (name: string) : exn =
        ApiException(405, invalid, "method_not_allowed", null, $"{name} is not allowed here")

    let wrongHost: exn =
        ApiException(403, invalid, "wrong_host", null, "This server answers to this machine only")

    let wrongType: exn =
        let message = "The body must be JSON, with Content-Type: application/json"
        ApiException(415, invalid, "unsupported_media_type", null, message)

    let tooLarge: exn =
        ApiException(413, invalid, "request_too_large", null, "The request is too large")

    let busy: exn =
        let message = "Too many requests are waiting; try again later"
        ApiException(429, "rate_limit_error", "rate_limit_exceeded", null, message)

    let closing: exn =
        ApiException(503, "server_error", "shutting_down", null, "The server is shutting down")

    let failed: exn =
        ApiException(500, "server_error", "internal_error", null, "The server had an error")
