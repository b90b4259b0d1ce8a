namespace BloodPlatform.Contracts;

/// <summary>Who a client can be; one role each.</summary>
public static class Roles
{
    public const string Station = "station";
    public const string Organiser = "organiser";
    public const string App = "app";
    public const string Hospital = "hospital";
    public const string Authority = "authority";
    public const string Admin = "admin";
    public static readonly string[] All = [Station, Organiser, App, Hospital, Authority, Admin];
}
