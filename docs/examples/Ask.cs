// One question in .NET 8 with BouncyCastle.Cryptography, for .NET has no Ed25519 of its own: a request
// signed by RFC 9421 with a key of yours.
//
//   dotnet new console -o ask && cd ask && dotnet add package BouncyCastle.Cryptography
//   cp ../docs/examples/Ask.cs Program.cs && dotnet run http://127.0.0.1:8001 my-key.pem my-key-id
using System;
using System.IO;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

public static class Ask {
  public static void Main(string[] args) {
    string url = args[0] + "/v1/inquiry/ask", body = "{\"key_kind\":\"national_id\",\"key\":\"9905251782\",\"purpose\":\"fuel_quota\"}";
    var der = Convert.FromBase64String(Regex.Replace(File.ReadAllText(args[1]), @"-----[^-]+-----|\s", ""));
    var digest = "sha-256=:" + Convert.ToBase64String(SHA256.Create().ComputeHash(Encoding.UTF8.GetBytes(body))) + ":";
    var names = "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\")";
    var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    var made = $"{names};created={now};expires={now + 120};nonce=\"{Guid.NewGuid()}\";keyid=\"{args[2]}\";alg=\"ed25519\";tag=\"mirab\"";
    var signed = Encoding.UTF8.GetBytes($"\"@method\": POST\n\"@target-uri\": {url}\n\"content-digest\": {digest}\n\"content-type\": application/json\n\"@signature-params\": {made}");
    var signer = new Ed25519Signer();
    signer.Init(true, PrivateKeyFactory.CreateKey(der));
    signer.BlockUpdate(signed, 0, signed.Length);
    var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
    request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
    request.Headers.TryAddWithoutValidation("Content-Digest", digest);
    request.Headers.TryAddWithoutValidation("Signature-Input", "mirab=" + made);
    request.Headers.TryAddWithoutValidation("Signature", "mirab=:" + Convert.ToBase64String(signer.GenerateSignature()) + ":");
    Console.WriteLine(new HttpClient().SendAsync(request).Result.Content.ReadAsStringAsync().Result);
  }
}
