import os, sys, datetime, re
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
def check(environ, secret="b", token=None):
    auth = environ.get("HTTP_AUTHORIZATION","")
    m = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$", auth)
    if not m: return "no auth: "+auth
    access, day, region, signed, signature = m.groups()
    headers={}
    for name in signed.split(";"):
        key="HTTP_"+name.upper().replace("-","_")
        if name=="content-type": key="CONTENT_TYPE"
        headers[name]=environ.get(key,"")
    url="http://"+environ["HTTP_HOST"]+environ.get("RAW_URI",environ.get("REQUEST_URI"))
    request=AWSRequest(environ["REQUEST_METHOD"],url,headers=headers)
    request.context["timestamp"]=environ["HTTP_X_AMZ_DATE"]
    a=S3SigV4Auth(Credentials(access,secret,token),"s3",region)
    canonical = "\n".join([environ["REQUEST_METHOD"], a._normalize_url_path(__import__("urllib.parse").parse.urlsplit(url).path) , a.canonical_query_string(request), "\n".join(f"{n}:{' '.join(headers[n].split())}" for n in signed.split(";"))+"\n", signed, environ.get("HTTP_X_AMZ_CONTENT_SHA256","?")])
    import hashlib
    sts="\n".join(["AWS4-HMAC-SHA256",environ["HTTP_X_AMZ_DATE"],f"{day}/{region}/s3/aws4_request",hashlib.sha256(canonical.encode()).hexdigest()])
    want=a.signature(sts,request)
    return None if want==signature else f"mismatch for {environ['REQUEST_METHOD']} {url}\n{canonical}\nsigned={signed}"
