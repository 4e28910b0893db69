import os, threading, subprocess, time, urllib.request, sys
sys.path.insert(0,"/tmp/scratch-store")
from sigcheck import check
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app
inner=DomainDispatcherApplication(create_backend_app)
seen=[0,0]
def app(environ, start):
    problem=check(environ, token=None)
    seen[0]+=1
    if problem: seen[1]+=1; print("BAD", problem, file=sys.stderr)
    return inner(environ,start)
srv=make_server("127.0.0.1",0,app,threaded=True)
threading.Thread(target=srv.serve_forever,daemon=True).start()
ep=f"http://127.0.0.1:{srv.port}"
import boto3
c = boto3.client("s3", endpoint_url=ep, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
c.create_bucket(Bucket="models",CreateBucketConfiguration={"LocationConstraint":"eu-central-1"})
print("boto", seen)
env={**os.environ,"VENCEJO_ADMIN_TOKEN":"0123456789abcdef0123","VENCEJO_S3_ENDPOINT":ep,"AWS_ACCESS_KEY_ID":"a","AWS_SECRET_ACCESS_KEY":"b","AWS_REGION":"eu-central-1","AWS_SESSION_TOKEN":"tok/en+=="}
p=subprocess.Popen(["/tmp/scratch-store/v","serve","--store","s3://models/te~am/one_1","--port","18777","--host","127.0.0.1"],env=env,stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
time.sleep(1)
data=open("/tmp/wt/store/Examples/house-price/house-price.pkl","rb").read()
r=urllib.request.Request("http://127.0.0.1:18777/models/a",data=data,method="PUT",headers={"Authorization":"Bearer 0123456789abcdef0123"})
try: print(urllib.request.urlopen(r).status)
except Exception as e: print(e, e.read())
p.terminate(); p.wait(); print("all", seen); os._exit(0)
