using System.Text.RegularExpressions;
using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Rules;

/// <summary>What a client must and may be given, by its role.</summary>
public static class Registration
{
    /// <summary>
    /// The scopes a new client gets, or every field that is wrong. A tenant for all roles but authority and admin; districts
    /// (GB/T 2260, six digits) for authority only; scopes, when given, from the role's own.
    /// </summary>
    public static (IReadOnlyList<string> Scopes, Rejection? Rejection) Check(string role, Guid? tenantId, IReadOnlyList<string>? districts, IReadOnlyList<string>? scopes)
    {
        List<FieldError> errors = [];
        var needsTenant = role is not (Roles.Authority or Roles.Admin);
        if (needsTenant && tenantId is null) errors.Add(new("/tenantId", "required", $"A client of role {role} acts for one organisation"));
        if (!needsTenant && tenantId is not null) errors.Add(new("/tenantId", "not_allowed", $"A client of role {role} has no tenant"));
        if (role == Roles.Authority && districts is not { Count: > 0 }) errors.Add(new("/districts", "required", "An authority is limited to its districts: name them"));
        if (role != Roles.Authority && districts is { Count: > 0 }) errors.Add(new("/districts", "not_allowed", "Only an authority has districts"));
        foreach (var (district, i) in (districts ?? []).Select((d, i) => (d, i)))
            if ((string?)district is null || !Regex.IsMatch(district, @"^[0-9]{6}\z")) errors.Add(new($"/districts/{i}", "invalid", "A district is a GB/T 2260 code of six digits"));
        if (scopes is { Count: 0 }) errors.Add(new("/scopes", "invalid", "Name at least one scope, or leave the field out for all of the role's"));
        foreach (var (scope, i) in (scopes ?? []).Select((s, i) => (s, i)))
            if (!Scopes.Of(role).Contains(scope)) errors.Add(new($"/scopes/{i}", "not_of_role", $"Role {role} has: {string.Join(' ', Scopes.Of(role))}"));
        return errors.Count > 0 ? ([], CommonProblems.Invalid.Because(null, [.. errors])) : ([.. (scopes ?? Scopes.Of(role)).Distinct()], null);
    }

    /// <summary>Clinical data and stock are never handed to an organisation that is no station, nor orders to one that is no hospital.</summary>
    public static bool Fits(string role, string organisationKind) => role switch
    {
        Roles.Station => organisationKind == "blood-station",
        Roles.Hospital => organisationKind is "hospital" or "military",
        _ => true,
    };
}
